using MathNet.Numerics.Statistics;

namespace Flextron.Latency;

/// <summary>
/// How much slower than at its calm level the machine was around each sample. Other work on the machine slows everything for a while; dividing
/// by a running median of measured ÷ expected takes such spells out, and leaves differences between widths alone because neighbouring samples
/// differ in width. Calm is the lower quartile over the whole measurement: two measurements agree where each saw a calm quarter.
/// </summary>
internal static class LoadDrift
{
    private const int Window = 5;

    /// <summary>Slowness at each sample relative to the calm level.</summary>
    /// <param name="ratios">Measured ÷ expected in time order.</param>
    public static double[] Factors(IReadOnlyList<double> ratios)
    {
        double[] factors = new double[ratios.Count];
        for (int i = 0; i < factors.Length; i++)
        {
            int from = Math.Clamp(i - Window / 2, 0, Math.Max(0, ratios.Count - Window));
            factors[i] = ratios.Skip(from).Take(Window).Median();
        }
        double calm = factors.LowerQuartile();
        return [.. factors.Select(f => f / calm)];
    }
}
