using Plotly.NET;

namespace Flextron.Workbench.Figures;

/// <summary>Titles, axes, reference lines and notes of an interactive figure.</summary>
internal static class PlotlyLayout
{
    public static Layout Of(Figure figure)
    {
        string title = $"<b>{PlotlyRenderer.Plain(figure.Title)}</b>";
        if (!string.IsNullOrWhiteSpace(figure.Subtitle)) title += $"<br><span style=\"font-size:12px\">{PlotlyRenderer.Plain(figure.Subtitle)}</span>";
        var shapes = new List<object>();
        var notes = new List<object>();
        foreach (ReferenceLine line in figure.ReferenceLines) AddReference(figure, line, shapes, notes);
        if (figure.IdentityLine)
        {
            (double x0, double x1) = AxisRange.Of(figure, x: true);
            (double y0, double y1) = AxisRange.Of(figure, x: false);
            (double low, double high) = (Math.Max(x0, y0), Math.Min(x1, y1));
            shapes.Add(Object(("type", "line"), ("layer", "below"), ("x0", low), ("y0", low), ("x1", high), ("y1", high), ("line", Object(("color", Palette.Frame), ("dash", "dash"), ("width", 1.3)))));
        }
        if (figure.Statistics.Count > 0)
            notes.Add(Object(("xref", "paper"), ("yref", "paper"), ("x", 0.02), ("y", 0.98), ("xanchor", "left"), ("yanchor", "top"), ("align", "left"), ("showarrow", false),
                ("bgcolor", "rgba(255,255,255,0.8)"), ("text", string.Join("<br>", figure.Statistics.Select(PlotlyRenderer.Plain)))));

        var layout = new Layout();
        layout.SetProperty("title", Object(("text", title), ("x", 0.02), ("xanchor", "left"), ("font", Object(("size", 16)))));
        layout.SetProperty("font", Object(("family", "Helvetica, Arial, sans-serif"), ("size", 13), ("color", Palette.Ink)));
        layout.SetProperty("paper_bgcolor", "#ffffff");
        layout.SetProperty("plot_bgcolor", "#ffffff");
        layout.SetProperty("showlegend", figure.Series.Count > 1);
        layout.SetProperty("margin", Object(("t", 80), ("b", 60), ("l", 70), ("r", 30)));
        layout.SetProperty("barmode", "group");
        layout.SetProperty("xaxis", AxisOf(figure, x: true));
        layout.SetProperty("yaxis", AxisOf(figure, x: false));
        layout.SetProperty("shapes", shapes);
        layout.SetProperty("annotations", notes);
        return layout;
    }

    private static Dictionary<string, object> AxisOf(Figure figure, bool x)
    {
        Axis axis = x ? figure.X : figure.Y;
        Dictionary<string, object> result = Object(("title", Object(("text", PlotlyRenderer.Plain(axis.Title)), ("font", Object(("size", 13))), ("standoff", 12))), ("automargin", true), ("gridcolor", Palette.Grid),
            ("linecolor", Palette.Frame), ("showline", true), ("ticks", "outside"), ("exponentformat", "power"), ("zeroline", false));
        if (axis.Categories is { } names)
        {
            result["type"] = "category";
            result["categoryorder"] = "array";
            result["categoryarray"] = names.Select(PlotlyRenderer.Plain).ToArray();
            result["showgrid"] = false;
            if (!x) result["autorange"] = "reversed";
            return result;
        }
        (double low, double high) = AxisRange.Of(figure, x);
        result["type"] = axis.IsLogarithmic ? "log" : "linear";
        result["range"] = axis.IsLogarithmic ? new[] { Math.Log10(low), Math.Log10(high) } : new[] { low, high };
        return result;
    }

    private static void AddReference(Figure figure, ReferenceLine line, List<object> shapes, List<object> notes)
    {
        string across = line.Vertical ? "x" : "y", along = line.Vertical ? "y" : "x";
        Axis axis = line.Vertical ? figure.X : figure.Y;
        shapes.Add(Object(("type", "line"), (along + "ref", "paper"), (along + "0", 0), (along + "1", 1), (across + "0", line.Value), (across + "1", line.Value),
            ("line", Object(("color", Palette.Muted), ("dash", "dash"), ("width", 1.3)))));
        // Unlike shapes, annotations on a logarithmic axis are placed by the exponent.
        bool bars = figure.Series.Any(s => s is BarSeries), left = !line.Vertical && !bars && DataNear(figure, line.Value, left: true) < DataNear(figure, line.Value, left: false);
        notes.Add(Object((along + "ref", "paper"), (along, left ? 0.01 : 1), (across, axis.IsLogarithmic ? Math.Log10(line.Value) : line.Value), ("text", PlotlyRenderer.Plain(line.Label)),
            ("showarrow", false), ("bgcolor", bars ? "rgba(255,255,255,0.8)" : null), ("xanchor", line.Vertical || left ? "left" : "right"), ("yanchor", line.Vertical ? "top" : "bottom"), ("textangle", line.Vertical ? -90 : 0),
            ("font", Object(("size", 12), ("color", Palette.Muted)))));
    }

    /// <summary>How many points lie where the label of a horizontal line would stand at that end.</summary>
    private static int DataNear(Figure figure, double value, bool left)
    {
        (double x0, double x1) = AxisRange.Of(figure, x: true);
        (double y0, double y1) = AxisRange.Of(figure, x: false);
        var x = new AxisMap(x0, x1, figure.X.IsLogarithmic, 0, 1);
        var y = new AxisMap(y0, y1, figure.Y.IsLogarithmic, 0, 1);
        double at = y.Pixel(value);
        return figure.Series.Where(s => s is LineSeries or ScatterSeries).Sum(s => s.Extent(true).Zip(s.Extent(false))
            .Count(p => (left ? x.Pixel(p.First) < 0.35 : x.Pixel(p.First) > 0.65) && y.Pixel(p.Second) - at is > -0.02 and < 0.1));
    }

    private static Dictionary<string, object> Object(params (string Name, object? Value)[] members) => PlotlyTraces.Object(members);
}
