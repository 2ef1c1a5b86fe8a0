using System.Globalization;
using Plotly.NET;

namespace Flextron.Workbench.Figures;

/// <summary>Turns series into Plotly traces.</summary>
internal static class PlotlyTraces
{
    public static IEnumerable<Trace> Of(Figure figure, FigureSeries series, int index) => series switch
    {
        LineSeries line => Line(figure, line, index),
        ScatterSeries points => [Points(figure, points, index)],
        BarSeries bars => [Bars(figure, bars, index)],
        HistogramSeries histogram => [Histogram(figure, histogram, index)],
        HeatMapSeries map => [HeatMap(figure, map)],
        _ => throw new FlextronException($"Figure \"{figure.Title}\": series \"{series.Name}\" is of a kind that cannot be drawn interactively."),
    };

    private static IEnumerable<Trace> Line(Figure figure, LineSeries line, int index)
    {
        object[] x = Positions(figure, line.X);
        string shape = line.Steps ? "hv" : "linear", colour = Palette.Colour(index), group = "g" + index.ToString(CultureInfo.InvariantCulture);
        if (line.Lower is not null && line.Intervals == IntervalMark.Band)
        {
            foreach ((IReadOnlyList<double> ends, string? fill) in new (IReadOnlyList<double>, string?)[] { (line.Lower, null), (line.Upper!, "tonexty") })
                yield return Trace("scatter", ("x", x), ("y", Numbers(ends)), ("mode", "lines"), ("hoverinfo", "skip"), ("showlegend", false), ("legendgroup", group),
                    ("line", Object(("width", 0), ("shape", shape))), ("fill", fill), ("fillcolor", fill is null ? null : Transparent(colour, 0.18)));
        }
        if (line.Smoothing > 1)
            yield return Trace("scatter", ("x", x), ("y", Numbers(line.Y)), ("mode", "lines"), ("hoverinfo", "skip"), ("showlegend", false), ("legendgroup", group),
                ("line", Object(("width", 1), ("color", Transparent(colour, 0.35)), ("shape", shape))));
        Dictionary<string, object>? interval = line.Lower is not null && line.Intervals == IntervalMark.ErrorBars ? Interval(line.Y, line.Lower, line.Upper!) : null;
        yield return Trace("scatter", ("x", x), ("y", Numbers(line.Smoothed())), ("mode", line.X.Count > 60 || line.Smoothing > 1 ? "lines" : "lines+markers"),
            ("name", PlotlyRenderer.Plain(line.Name)), ("legendgroup", group), ("line", Object(("color", colour), ("dash", Palette.PlotlyDash(index)), ("shape", shape))),
            ("marker", Object(("color", colour), ("symbol", Palette.PlotlyMarker(index)), ("size", 8))), ("error_y", interval));
    }

    private static Trace Points(Figure figure, ScatterSeries points, int index) => Trace("scatter",
        ("x", Positions(figure, points.X)), ("y", Numbers(points.Y)), ("mode", points.NamesShown ? "markers+text" : "markers"), ("name", PlotlyRenderer.Plain(points.Name)), ("textposition", points.NamesShown ? "top center" : null),
        ("text", points.PointNames?.Select(PlotlyRenderer.Plain).ToArray()),
        ("marker", Object(("color", Palette.Colour(index)), ("symbol", Palette.PlotlyMarker(index)), ("size", 8))),
        ("error_x", points.Left is null ? null : Interval(points.X, points.Left, points.Right!)), ("error_y", points.Lower is null ? null : Interval(points.Y, points.Lower, points.Upper!)));

    private static Trace Bars(Figure figure, BarSeries bars, int index) => Trace("bar",
        ("x", figure.X.Categories!.Select(PlotlyRenderer.Plain).ToArray()), ("y", Numbers(bars.Values)), ("name", PlotlyRenderer.Plain(bars.Name)),
        ("marker", Object(("color", Palette.Colour(index)), ("pattern", Object(("shape", Palette.PlotlyHatch(index)), ("fgcolor", "#ffffff"), ("bgcolor", Palette.Colour(index)), ("size", 7), ("solidity", 0.25))))),
        ("error_y", bars.Lower is null ? null : Interval(bars.Values, bars.Lower, bars.Upper!)));

    private static Trace Histogram(Figure figure, HistogramSeries histogram, int index)
    {
        // An outline over the edges: bars of several groups over each other would mix into one colour.
        double?[] heights = Numbers(histogram.Heights);
        string colour = Palette.Colour(index);
        return Trace("scatter", ("x", Numbers(histogram.Edges)), ("y", heights.Append(heights.LastOrDefault()).ToArray()), ("mode", "lines"), ("name", PlotlyRenderer.Plain(histogram.Name)),
            ("line", Object(("color", colour), ("dash", Palette.PlotlyDash(index)), ("shape", "hv"))),
            ("fill", "tozeroy"), ("fillcolor", Transparent(colour, figure.Series.Count == 1 ? 0.45 : figure.Series.Count <= 3 ? 0.15 : 0.04)));
    }

    private static Trace HeatMap(Figure figure, HeatMapSeries map)
    {
        (double low, double high) = map.ColourRange();
        object[][] scale = [.. Enumerable.Range(0, 9).Select(i => new object[] { i / 8.0, Palette.Shade(i / 8.0).Colour })];
        string[][] labels = [.. map.Values.Select(r => r.Select(v => map.CellFormat.Length == 0 || !double.IsFinite(v) ? "" : v.ToString(map.CellFormat, CultureInfo.InvariantCulture)).ToArray())];
        return Trace("heatmap", ("x", figure.X.Categories!.Select(PlotlyRenderer.Plain).ToArray()), ("y", figure.Y.Categories!.Select(PlotlyRenderer.Plain).ToArray()),
            ("z", map.Values.Select(Numbers).ToArray()), ("text", labels), ("texttemplate", "%{text}"), ("colorscale", scale), ("zmin", low), ("zmax", high),
            ("xgap", 1), ("ygap", 1), ("colorbar", Object(("title", Object(("text", PlotlyRenderer.Plain(map.Name)), ("side", "right"), ("font", Object(("size", 13))))))));
    }

    /// <summary>Distances from the points, as Plotly wants them, not below zero.</summary>
    private static Dictionary<string, object> Interval(IReadOnlyList<double> values, IReadOnlyList<double> lower, IReadOnlyList<double> upper) => Object(
        ("type", "data"), ("symmetric", false), ("thickness", 1.3),
        ("array", Numbers([.. upper.Zip(values, (u, v) => Math.Max(0, u - v))])), ("arrayminus", Numbers([.. values.Zip(lower, (v, l) => Math.Max(0, v - l))])));

    private static object[] Positions(Figure figure, IReadOnlyList<double> x) => figure.X.Categories is { } names
        ? [.. x.Select(v => (object)PlotlyRenderer.Plain(names[(int)v]))]
        : [.. Numbers(x).Select(v => (object)v!)];

    /// <summary>JSON knows no NaN: missing values become null.</summary>
    private static double?[] Numbers(IReadOnlyList<double> values) => [.. values.Select(v => double.IsFinite(v) ? v : (double?)null)];

    private static string Transparent(string colour, double opacity) => string.Create(CultureInfo.InvariantCulture,
        $"rgba({Convert.ToInt32(colour[1..3], 16)},{Convert.ToInt32(colour[3..5], 16)},{Convert.ToInt32(colour[5..7], 16)},{opacity})");

    private static Trace Trace(string type, params (string Name, object? Value)[] members)
    {
        var trace = new Trace(type);
        foreach ((string name, object? value) in members)
            if (value is not null) trace.SetProperty(name, value);
        return trace;
    }

    internal static Dictionary<string, object> Object(params (string Name, object? Value)[] members) =>
        members.Where(m => m.Value is not null).ToDictionary(m => m.Name, m => m.Value!);
}
