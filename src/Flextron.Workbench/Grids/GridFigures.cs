using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Grids;

/// <summary>A result over a grid: against the first axis of numbers as lines, one for each combination of the others; else as bars.</summary>
internal static class GridFigures
{
    // A ratio of largest to smallest from which equal ratios are shown as equal steps.
    private const double Wide = 8;

    public static Figure Of(GridResults results, string name)
    {
        GridAxis[] axes = [.. results.Grid.Axes.Where(a => !a.IsSeed && a.Values.Count > 1)];
        GridAxis? along = axes.FirstOrDefault(a => a.Numbers is not null);
        string intervals = results.Seeds > 1 ? $"mean of {results.Seeds} seeds, 95 % interval" : "one seed; intervals, where there are any, are those of the single runs";
        return along is null ? Bars(results, name, intervals) : Lines(results, name, along, [.. axes.Where(a => a != along)], intervals);
    }

    private static Figure Lines(GridResults results, string name, GridAxis along, GridAxis[] others, string intervals)
    {
        string Others(string setting) => others.Length == 0 ? name : string.Join(", ", others.Select(a => $"{a.Name} = {SettingsGrid.Text(results.Value(setting, a))}"));
        LineSeries[] lines = [.. results.Settings.GroupBy(Others).Select(group =>
        {
            (double X, SummaryValue Y)[] points = [.. group.Select(s => (X: results.Value(s, along)!.GetValue<double>(), results.Of(s, name))).OrderBy(p => p.X)];
            return new LineSeries(group.Key, [.. points.Select(p => p.X)], [.. points.Select(p => p.Y.Value)])
            {
                Lower = [.. points.Select(p => p.Y.Low ?? double.NaN)], Upper = [.. points.Select(p => p.Y.High ?? double.NaN)], Intervals = IntervalMark.ErrorBars,
            };
        })];
        double[] x = [.. along.Numbers!];
        bool logarithmic = x.Min() > 0 && x.Max() / x.Min() >= Wide;
        return new Figure($"{name} against {along.Name}", new Axis(along.Setting) { Scale = logarithmic ? AxisScale.Logarithmic : AxisScale.Linear }, Value(name), lines) { Subtitle = intervals };
    }

    private static Figure Bars(GridResults results, string name, string intervals)
    {
        SummaryValue[] values = [.. results.Settings.Select(s => results.Of(s, name))];
        // Points rather than bars: what is compared seldom has a meaningful zero.
        var points = new LineSeries(name, [.. values.Select((_, i) => (double)i)], [.. values.Select(v => v.Value)])
        {
            Lower = [.. values.Select(v => v.Low ?? double.NaN)], Upper = [.. values.Select(v => v.High ?? double.NaN)], Intervals = IntervalMark.ErrorBars,
        };
        return new Figure($"{name} over the grid", new Axis("Setting") { Categories = results.Settings }, Value(name), [points]) { Subtitle = intervals };
    }

    private static Axis Value(string name) =>
        name.Contains("loss", StringComparison.OrdinalIgnoreCase) || name.StartsWith("after.", StringComparison.Ordinal) || name.StartsWith("before.", StringComparison.Ordinal)
            ? new Axis($"Held-out loss, {name}", "nats/token") : new Axis(name);
}
