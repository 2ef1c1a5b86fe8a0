using MathNet.Numerics.Statistics;

namespace Flextron.Latency;

/// <summary>
/// How the sum of timed parts was tied to whole runs: measured ≈ <paramref name="OffsetMs"/> + <paramref name="Scale"/> · Σ parts, over a few
/// sub-networks that no later check uses. Already contained in the table's costs.
/// </summary>
/// <param name="Scale">Factor on every part; near 1 where parts are timed well.</param>
/// <param name="OffsetMs">Added to the fixed part.</param>
/// <param name="Networks">Which sub-networks, in compact form.</param>
/// <param name="MeasuredMs">Their median latencies.</param>
public sealed record LatencyCalibration(double Scale, double OffsetMs, IReadOnlyList<string> Networks, IReadOnlyList<double> MeasuredMs)
{
    /// <summary>Fits: a factor alone is the median ratio; a line is least squares of relative errors.</summary>
    /// <param name="networks">Names.</param>
    /// <param name="sums">Sums of parts, ms.</param>
    /// <param name="measured">Whole runs, ms.</param>
    /// <param name="fixedMs">The timed fixed part; the fit may not make its calibrated form negative.</param>
    /// <param name="withOffset">
    /// Whether timing parts adds a constant to each, as waiting for an accelerator does. On a processor nothing of the kind happens, and an
    /// offset would only follow noise.
    /// </param>
    public static LatencyCalibration Fit(
        IReadOnlyList<string> networks, IReadOnlyList<double> sums, IReadOnlyList<double> measured, double fixedMs, bool withOffset)
    {
        ArgumentNullException.ThrowIfNull(sums);
        ArgumentNullException.ThrowIfNull(measured);
        double ratio = measured.Zip(sums, (m, x) => m / x).Median();
        if (!withOffset) return new LatencyCalibration(ratio, 0, networks, measured);
        // Weights 1/measured²: a small network's error matters as much as a large one's.
        (double w, double wx, double wy, double wxx, double wxy) = (0, 0, 0, 0, 0);
        for (int i = 0; i < sums.Count; i++)
        {
            double weight = 1 / (measured[i] * measured[i]);
            (w, wx, wy) = (w + weight, wx + weight * sums[i], wy + weight * measured[i]);
            (wxx, wxy) = (wxx + weight * sums[i] * sums[i], wxy + weight * sums[i] * measured[i]);
        }
        double determinant = w * wxx - wx * wx;
        double scale = (w * wxy - wx * wy) / determinant, offset = (wy - scale * wx) / w;
        // Parts that hardly differ, or noise, leave the line undetermined: then one factor is all the data support.
        bool usable = determinant > 1e-9 * w * wxx && scale is > 0.5 and < 2 && offset + scale * fixedMs > 0;
        if (!usable) (scale, offset) = (ratio, 0);
        return new LatencyCalibration(scale, offset, networks, measured);
    }
}
