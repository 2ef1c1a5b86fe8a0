using System.Globalization;
using Flextron.Storage;

namespace Flextron.Workbench.Figures;

/// <summary>
/// Draws figures as static SVG for print and for pages without scripts: no browser needed, white background, colours that colour-blind
/// readers can tell apart, and markers, dashes and hatches that tell the series apart in grey.
/// </summary>
public static class SvgRenderer
{
    internal const string Fonts = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

    /// <summary>The figure as one SVG document.</summary>
    /// <param name="figure">What to draw.</param>
    /// <param name="options">Sizes; null takes the defaults.</param>
    /// <exception cref="FlextronException">The figure cannot be drawn; the message says why.</exception>
    public static string Render(Figure figure, SvgOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(figure);
        options ??= new SvgOptions();
        if (options.Width < 360 || options.PlotHeight < 80 || options.FontSize is < 6 or > 30)
            throw new FlextronException("A static figure needs a width of at least 360, a plot height of at least 80 and a font size of 6 to 30 pixels; change the SVG options.");
        figure.Validate();
        var layout = new SvgLayout(figure, options);
        // Several figures may stand in one page, so names of patterns and clips must differ between them, yet repeat from run to run.
        string id = "f" + ContentHash.OfText(figure.Title + "\n" + figure.ToCsv())[..10];
        var placer = new LabelPlacer(layout.Plot);
        var marks = new SvgMarks(layout, figure, placer, id);
        var canvas = new SvgCanvas();

        canvas.Open("svg", ("xmlns", "http://www.w3.org/2000/svg"), ("width", layout.Width), ("height", layout.Height),
            ("viewBox", $"0 0 {SvgCanvas.Number(layout.Width)} {SvgCanvas.Number(layout.Height)}"), ("role", "img"),
            ("aria-labelledby", $"{id}-title {id}-desc"), ("font-family", Fonts), ("fill", Palette.Ink));
        canvas.TextElement("title", figure.Title, ("id", $"{id}-title"));
        canvas.TextElement("desc", Description(figure), ("id", $"{id}-desc"));
        canvas.Open("defs");
        canvas.Open("clipPath", ("id", $"{id}-plot"));
        canvas.Element("rect", ("x", layout.Plot.Left), ("y", layout.Plot.Top), ("width", layout.Plot.Width), ("height", layout.Plot.Height));
        canvas.Close("clipPath");
        marks.DefineHatches(canvas);
        canvas.Close("defs");
        canvas.Element("rect", ("class", "background"), ("width", layout.Width), ("height", layout.Height), ("fill", "#ffffff"));
        Titles(canvas, layout);
        if (layout.HeatMap is { } heatMap)
        {
            SvgHeatMap.Draw(canvas, layout, heatMap);
            SvgAxes.Draw(canvas, layout, figure, grid: false);
        }
        else
        {
            SvgAxes.Draw(canvas, layout, figure, grid: true);
            if (figure.IdentityLine) SvgAxes.Identity(canvas, layout, placer);
            bool bars = figure.Series.Any(s => s is BarSeries);
            if (!bars) SvgAxes.ReferenceLines(canvas, layout, figure, overBars: false);
            bool cut = new[] { figure.X, figure.Y }.Any(a => a.Minimum is not null || a.Maximum is not null);
            canvas.Open("g", ("class", "data"), ("clip-path", cut ? $"url(#{id}-plot)" : null));
            for (int i = 0; i < figure.Series.Count; i++) marks.Draw(canvas, figure.Series[i], i);
            canvas.Close("g");
            if (bars) SvgAxes.ReferenceLines(canvas, layout, figure, overBars: true);
            SvgAxes.ReferenceLabels(canvas, layout, figure, placer);
            SvgAxes.PointLabels(canvas, layout, figure, placer);
            SvgAxes.Statistics(canvas, layout, figure, placer);
            if (figure.IdentityLine) SvgAxes.IdentityLabel(canvas, layout, placer);
        }
        if (layout.Legend.IsRight) layout.Legend.Draw(canvas, marks, figure, layout.Plot.Right + 14, layout.Plot.Top, layout.Width);
        else layout.Legend.Draw(canvas, marks, figure, SvgLayout.Edge, layout.LegendTop, layout.Width - 2 * SvgLayout.Edge);
        canvas.Close("svg");
        return canvas.ToString();
    }

    private static void Titles(SvgCanvas canvas, SvgLayout layout)
    {
        double y = SvgLayout.Edge;
        foreach (string line in layout.Title)
        {
            canvas.Text(SvgLayout.Edge, y + layout.TitleSize, line, layout.TitleSize, bold: true);
            y += layout.TitleSize + 5;
        }
        foreach (string line in layout.Subtitle)
        {
            canvas.Text(SvgLayout.Edge, y + layout.FontSize, line, layout.FontSize, colour: Palette.Muted);
            y += layout.FontSize + 4;
        }
    }

    private static string Description(Figure figure) => string.Join(' ', new[]
    {
        figure.Subtitle,
        figure.Caption,
        $"{figure.Y.Title} against {figure.X.Title}.",
        $"Series: {string.Join(", ", figure.Series.Select(s => s.Name))}.",
        figure.ReferenceLines.Count == 0
            ? null
            : $"Reference lines: {string.Join(", ", figure.ReferenceLines.Select(l => $"{l.Label} at {l.Value.ToString("G4", CultureInfo.InvariantCulture)}"))}.",
    }.Where(t => !string.IsNullOrWhiteSpace(t)));
}
