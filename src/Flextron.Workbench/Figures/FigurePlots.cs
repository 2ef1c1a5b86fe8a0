using System.Globalization;
using MathNet.Numerics;
using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.Figures;

/// <summary>Figures that several studies need, made from plain numbers.</summary>
public static class FigurePlots
{
    /// <summary>
    /// Predicted against measured values with the line y = x and how well they agree: R² about y = x (1 − Σ(measured − predicted)² / Σ(measured − mean)²),
    /// mean and largest relative error, and Spearman's rank correlation.
    /// </summary>
    /// <param name="title">Title of the figure.</param>
    /// <param name="quantity">What is predicted, in lower case: "latency".</param>
    /// <param name="unit">Its unit, or null.</param>
    /// <param name="predicted">Predictions.</param>
    /// <param name="measured">Measurements, none of them zero, in the same order.</param>
    /// <param name="pointNames">What each point is, or null.</param>
    /// <exception cref="FlextronException">Fewer than two points, unequal counts, values that are not finite, or a measurement of zero.</exception>
    public static Figure PredictedVersusMeasured(
        string title, string quantity, string? unit, IReadOnlyList<double> predicted, IReadOnlyList<double> measured, IReadOnlyList<string>? pointNames = null)
    {
        if (predicted.Count != measured.Count || predicted.Count < 2)
            throw new FlextronException($"\"{title}\" compares {predicted.Count} predictions with {measured.Count} measurements; give at least two of each, in the same order.");
        if (predicted.Concat(measured).Any(v => !double.IsFinite(v)) || measured.Contains(0))
            throw new FlextronException($"\"{title}\" needs finite predictions and finite measurements other than zero; leave out the failed ones.");
        double[] relative = [.. predicted.Zip(measured, (p, m) => Math.Abs(p - m) / Math.Abs(m))];
        string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        return new Figure(title, new Axis($"Measured {quantity}", unit), new Axis($"Predicted {quantity}", unit),
            [new ScatterSeries("points", measured, predicted) { PointNames = pointNames }])
        {
            IdentityLine = true,
            Statistics =
            [
                Format($"n = {predicted.Count}"),
                Format($"R² = {GoodnessOfFit.CoefficientOfDetermination(predicted, measured):0.000}"),
                Format($"mean error {relative.Average():0.0%}"),
                Format($"largest error {relative.Max():0.0%}"),
                Format($"rank correlation {Correlation.Spearman(predicted, measured):0.000}"),
            ],
        };
    }
}
