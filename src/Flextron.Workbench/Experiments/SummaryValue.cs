using System.Text.Json.Serialization;
using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.Experiments;

/// <summary>A result of a run: a number and, where it is a mean, how sure it is. Written as a bare number where only that is known.</summary>
/// <param name="Value">The number.</param>
/// <param name="Low">Lower end of its 95 % interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Sd">Standard deviation of the single observations (with n − 1).</param>
/// <param name="N">Number of observations.</param>
[JsonConverter(typeof(SummaryValueConverter))]
public sealed record SummaryValue(double Value, double? Low = null, double? High = null, double? Sd = null, long? N = null)
{
    /// <summary>A mean with its standard deviation, and the t interval m ± t(0.975, n − 1)·s/√n where n is above 1.</summary>
    /// <param name="mean">The mean.</param>
    /// <param name="sd">Standard deviation of the observations (with n − 1).</param>
    /// <param name="n">Number of independent observations.</param>
    public static SummaryValue OfMean(double mean, double sd, long n)
    {
        if (n < 2) return new SummaryValue(mean, N: n);
        double half = MeanInterval.HalfWidth(sd, n);
        return new SummaryValue(mean, mean - half, mean + half, sd, n);
    }

    /// <summary>The mean of independent observations, such as one of each seed.</summary>
    public static SummaryValue OfValues(IReadOnlyCollection<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return OfMean(values.Mean(), values.Count > 1 ? values.StandardDeviation() : 0, values.Count);
    }

    /// <summary>A bare number.</summary>
    public static implicit operator SummaryValue(double value) => new(value);

    /// <summary>A bare number.</summary>
    public static SummaryValue FromDouble(double value) => new(value);
}
