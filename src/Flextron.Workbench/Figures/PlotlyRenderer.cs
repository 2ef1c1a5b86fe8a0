using System.Globalization;
using Plotly.NET;

namespace Flextron.Workbench.Figures;

/// <summary>Draws the same figures as interactive Plotly charts: hover for values, zoom, hide series by their legend entry.</summary>
public static class PlotlyRenderer
{
    /// <summary>The figure as a chart for notebooks and for further changes with Plotly.NET.</summary>
    /// <exception cref="FlextronException">The figure cannot be drawn; the message says why.</exception>
    public static GenericChart ToChart(Figure figure)
    {
        ArgumentNullException.ThrowIfNull(figure);
        figure.Validate();
        var traces = new List<Trace>();
        for (int i = 0; i < figure.Series.Count; i++) traces.AddRange(PlotlyTraces.Of(figure, figure.Series[i], i));
        GenericChart chart = GenericChart.combine(traces.Select(t => GenericChart.ofTraceObject(false, t)));
        var config = new Config();
        config.SetProperty("responsive", true);
        config.SetProperty("displaylogo", false);
        return GenericChart.setConfig(config, GenericChart.setLayout(PlotlyLayout.Of(figure), chart));
    }

    /// <summary>The chart as JSON with the members data, layout and config; safe inside a script element.</summary>
    public static string ToJson(Figure figure) => GenericChart.toJson(ToChart(figure)).Replace("<", "\\u003c", StringComparison.Ordinal);

    /// <summary>An element and the script that draws into it; the page must have loaded <see cref="PlotlyScript.Source"/> before.</summary>
    /// <param name="figure">What to draw.</param>
    /// <param name="elementId">Identifier of the new element: letters, digits and hyphens, unique in its page.</param>
    public static string ToHtmlFragment(Figure figure, string elementId)
    {
        if (string.IsNullOrEmpty(elementId) || !elementId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            throw new FlextronException($"\"{elementId}\" cannot name an element of a page; use letters, digits and hyphens.");
        return string.Create(CultureInfo.InvariantCulture,
            $$"""
            <div id="{{elementId}}" class="plotly-figure" style="width:100%;max-width:900px;height:{{Height(figure)}}px"></div>
            <script>(function(){var f={{ToJson(figure)}};Plotly.newPlot("{{elementId}}",f.data,f.layout,f.config);})();</script>

            """);
    }

    /// <summary>A good height in pixels.</summary>
    internal static int Height(Figure figure) => figure.Series[0] is HeatMapSeries map ? Math.Clamp(150 + 34 * map.Values.Count, 320, 1200) : figure.IdentityLine ? 560 : 460;

    /// <summary>Text in which Plotly sees no markup.</summary>
    internal static string Plain(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
