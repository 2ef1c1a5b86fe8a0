using Plotly.NET;

namespace Flextron.Workbench.Figures;

/// <summary>Titles, axes, reference lines and notes of an interactive figure.</summary>
internal static class PlotlyLayout
{
    public static Layout Of(Figure figure)
    {
        string title = $"<b>{PlotlyRenderer.Plain(figure.Title)}</b>";
        if (!string.IsNullOrWhiteSpace(figure.Subtitle)) title += $"<br><sup>{PlotlyRenderer.Plain(figure.Subtitle)}</sup>";
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
        layout.SetProperty("barmode", figure.Series.Any(s => s is HistogramSeries) ? "overlay" : "group");
        layout.SetProperty("xaxis", AxisOf(figure, x: true));
        layout.SetProperty("yaxis", AxisOf(figure, x: false));
        layout.SetProperty("shapes", shapes);
        layout.SetProperty("annotations", notes);
        return layout;
    }

    private static Dictionary<string, object> AxisOf(Figure figure, bool x)
    {
        Axis axis = x ? figure.X : figure.Y;
        Dictionary<string, object> result = Object(("title", Object(("text", PlotlyRenderer.Plain(axis.Title)))), ("automargin", true), ("gridcolor", Palette.Grid),
            ("linecolor", Palette.Frame), ("showline", true), ("ticks", "outside"), ("zeroline", false));
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
        notes.Add(Object((along + "ref", "paper"), (along, 1), (across, axis.IsLogarithmic ? Math.Log10(line.Value) : line.Value), ("text", PlotlyRenderer.Plain(line.Label)),
            ("showarrow", false), ("xanchor", line.Vertical ? "left" : "right"), ("yanchor", line.Vertical ? "top" : "bottom"), ("textangle", line.Vertical ? -90 : 0),
            ("font", Object(("size", 12), ("color", Palette.Muted)))));
    }

    private static Dictionary<string, object> Object(params (string Name, object? Value)[] members) => PlotlyTraces.Object(members);
}
