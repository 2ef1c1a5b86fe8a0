using MathNet.Numerics.Statistics;

namespace Flextron.Latency;

/// <summary>Repeated timings in three numbers.</summary>
/// <param name="Median">Middle, ms.</param>
/// <param name="Lower">First quartile, ms.</param>
/// <param name="Upper">Third quartile, ms.</param>
/// <param name="Count">Samples.</param>
public sealed record Quartiles(double Median, double Lower, double Upper, int Count)
{
    /// <summary>Summarises samples.</summary>
    public static Quartiles Of(IReadOnlyCollection<double> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        return new Quartiles(samples.Median(), samples.LowerQuartile(), samples.UpperQuartile(), samples.Count);
    }
}
