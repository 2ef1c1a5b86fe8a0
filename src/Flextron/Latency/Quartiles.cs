using MathNet.Numerics.Statistics;

namespace Flextron.Latency;

/// <summary>Repeated measurements in three numbers; latencies are in ms.</summary>
/// <param name="Median">Middle.</param>
/// <param name="Lower">First quartile.</param>
/// <param name="Upper">Third quartile.</param>
/// <param name="Count">Samples.</param>
public sealed record Quartiles(double Median, double Lower, double Upper, int Count)
{
    /// <summary>Summarises samples.</summary>
    public static Quartiles Of(IReadOnlyCollection<double> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        return new Quartiles(samples.Median(), samples.LowerQuartile(), samples.UpperQuartile(), samples.Count);
    }

    /// <summary>The same divided by a factor.</summary>
    public Quartiles Over(double factor) => new(Median / factor, Lower / factor, Upper / factor, Count);
}
