using MathNet.Numerics.Statistics;

namespace Flextron.Latency;

/// <summary>
/// How much slower than usual the machine was around each sample. Other work on the machine slows everything for a while; dividing by a running
/// median of measured ÷ expected takes such spells out, and leaves differences between widths alone because neighbouring samples differ in width.
/// </summary>
internal static class LoadDrift
{
    private const int Window = 5;

    /// <summary>Relative slowness at each sample; its median over all samples is 1.</summary>
    /// <param name="ratios">Measured ÷ expected in time order.</param>
    public static double[] Factors(IReadOnlyList<double> ratios)
    {
        double[] factors = new double[ratios.Count];
        for (int i = 0; i < factors.Length; i++)
        {
            int from = Math.Clamp(i - Window / 2, 0, Math.Max(0, ratios.Count - Window));
            factors[i] = ratios.Skip(from).Take(Window).Median();
        }
        double usual = factors.Median();
        return [.. factors.Select(f => f / usual)];
    }
}
