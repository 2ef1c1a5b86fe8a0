using MathNet.Numerics;
using MathNet.Numerics.Statistics;

namespace Flextron.Routing;

/// <summary>How well predicted losses agree with measured ones.</summary>
/// <param name="Count">n.</param>
/// <param name="RelativeError">Mean of |predicted − measured| / |measured|.</param>
/// <param name="Spearman">Rank correlation; NaN where it is undefined (fewer than two points, or all equal).</param>
/// <param name="Pearson">Linear correlation; NaN where it is undefined.</param>
/// <param name="RSquared">1 − residual sum of squares / total sum of squares; NaN where it is undefined.</param>
public sealed record SurrogateFit(int Count, double RelativeError, double Spearman, double Pearson, double RSquared)
{
    /// <summary>Compares two lists of the same length.</summary>
    public static SurrogateFit Of(IReadOnlyList<double> predicted, IReadOnlyList<double> measured)
    {
        ArgumentNullException.ThrowIfNull(predicted);
        ArgumentNullException.ThrowIfNull(measured);
        if (predicted.Count != measured.Count) throw new ArgumentException("Both lists need the same length.", nameof(predicted));
        int n = measured.Count;
        if (n == 0) return new SurrogateFit(0, double.NaN, double.NaN, double.NaN, double.NaN);
        double relative = predicted.Zip(measured, (p, m) => Math.Abs(p - m) / Math.Abs(m)).Average();
        if (n == 1) return new SurrogateFit(1, relative, double.NaN, double.NaN, double.NaN);
        return new SurrogateFit(
            n, relative, Correlation.Spearman(predicted, measured), Correlation.Pearson(predicted, measured), GoodnessOfFit.CoefficientOfDetermination(predicted, measured));
    }
}
