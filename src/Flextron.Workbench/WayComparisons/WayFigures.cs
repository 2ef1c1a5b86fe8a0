using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.WayComparisons;

/// <summary>The figures of a comparison of ways, each from its results alone.</summary>
internal static class WayFigures
{
    private const double Headroom = 1.05;
    private static readonly Axis LossAxis = new("Held-out loss", "nats/token");

    /// <summary>Held-out loss against the latency of prompts.</summary>
    /// <param name="results">The results.</param>
    /// <param name="points">A view.</param>
    /// <param name="view">In words.</param>
    /// <param name="close">Ends where the family's worst network lies.</param>
    public static Figure Loss(WayResults results, IReadOnlyList<WayPoint> points, string view, bool close) => new(
        close ? "Held-out loss against measured latency, close up" : "Held-out loss against measured latency", PromptAxis(results),
        close ? LossAxis with { Maximum = Headroom * points.Where(WayResults.IsOfFamily).Max(p => p.Loss.High ?? p.Loss.Value) } : LossAxis, Series(points, m => m.PromptMs, p => p.Loss))
    {
        Subtitle = $"{view}; {Seeds(results)}",
        ReferenceLines = [new ReferenceLine("the base, before", results.Original.Mean)],
    };

    /// <summary>Whether a close-up shows anything better.</summary>
    public static bool NeedsCloseUp(IReadOnlyList<WayPoint> points) =>
        points.Max(p => p.Loss.High ?? p.Loss.Value) > Headroom * points.Where(WayResults.IsOfFamily).Max(p => p.Loss.High ?? p.Loss.Value);

    /// <summary>Held-out loss against the latency of a generated token.</summary>
    public static Figure Token(WayResults results, IReadOnlyList<WayPoint> points, string view) => new(
        "Held-out loss against a generated token's latency", new Axis("Measured latency of a token", "ms"), LossAxis, Series(points, m => m.TokenMs ?? double.NaN, p => p.Loss))
    {
        Subtitle = $"{view}; {Seeds(results)}; behind {results.Timings.DecodeWorkload!.PromptTokens} tokens",
        ReferenceLines = [new ReferenceLine("the base, before", results.Original.Mean)],
    };

    /// <summary>Accuracy on a task.</summary>
    public static Figure Accuracy(WayResults results, string task)
    {
        double Of(WayMeasurement m) => 100 * m.Scores.Single(s => s.Task == task).Accuracy;
        WayScore first = results.Base.Seeds[0].Scores.Single(s => s.Task == task);
        return new Figure($"Accuracy on {task} against measured latency", PromptAxis(results), new Axis("Accuracy", "%"), Series(results.Each, m => m.PromptMs, p => p.Over(Of)))
        {
            Subtitle = FormattableString.Invariant($"every network with all the tokens; {Seeds(results)}; {first.Docs} documents"),
            ReferenceLines = first.Chance > 0 ? [new ReferenceLine("chance", 100 * first.Chance)] : [],
        };
    }

    private static Axis PromptAxis(WayResults results) =>
        new(FormattableString.Invariant($"Measured latency of {results.Timings.PromptWorkload.Batch} × {results.Timings.PromptWorkload.PromptTokens} tokens"), "ms");

    // What differs in one number only is joined by a line; the rest are points with names.
    private static FigureSeries[] Series(IReadOnlyList<WayPoint> points, Func<WayMeasurement, double> x, Func<WayPoint, SummaryValue> y) => [.. WayResults.BySeries(points).Select(series =>
    {
        (double X, SummaryValue Y, string Label)[] ordered = [.. series.Select(p => (p.Over(x).Value, y(p), p.Label)).OrderBy(p => p.Value)];
        double[] at = [.. ordered.Select(p => p.X)], value = [.. ordered.Select(p => p.Y.Value)];
        double[] low = [.. ordered.Select(p => p.Y.Low ?? p.Y.Value)], high = [.. ordered.Select(p => p.Y.High ?? p.Y.Value)];
        bool joined = series.All(WayResults.IsOfFamily) || series.Key.StartsWith("small models", StringComparison.Ordinal) || series.Key.StartsWith("Mixture", StringComparison.Ordinal);
        return joined
            ? (FigureSeries)new LineSeries(series.Key, at, value) { Lower = low, Upper = high, Intervals = IntervalMark.ErrorBars }
            : new ScatterSeries(series.Key, at, value) { Lower = low, Upper = high, PointNames = [.. ordered.Select(p => p.Label)], NamesShown = true };
    })];

    private static string Seeds(WayResults results) => results.Settings.Seeds.Count == 1 ? "one seed" : $"means over {results.Settings.Seeds.Count} seeds, bars: 95 % intervals";
}
