using System.Globalization;

namespace Flextron.Workbench.Figures;

/// <summary>A picture of how far a long piece of work has come: name, bar, one line of words, and the course of a number such as the loss.</summary>
public static class ProgressCard
{
    private const double Width = 640, Height = 58, BarLeft = 12, BarWidth = 400, SparkLeft = 440, SparkWidth = 186, SparkTop = 10, SparkHeight = 38;

    /// <summary>The picture as one SVG document.</summary>
    /// <param name="name">What is being done.</param>
    /// <param name="share">How much of it is done, 0 … 1; null where unknown.</param>
    /// <param name="words">Count, rate, time left, note.</param>
    /// <param name="course">The number's values so far; empty for none.</param>
    public static string Render(string name, double? share, string words, IReadOnlyList<double> course)
    {
        ArgumentNullException.ThrowIfNull(course);
        var canvas = new SvgCanvas();
        canvas.Open("svg", ("xmlns", "http://www.w3.org/2000/svg"), ("width", Width), ("height", Height), ("viewBox", $"0 0 {SvgCanvas.Number(Width)} {SvgCanvas.Number(Height)}"),
            ("role", "img"), ("font-family", SvgRenderer.Fonts), ("fill", Palette.Ink));
        canvas.TextElement("title", $"{name}: {words}");
        canvas.Element("rect", ("x", 0.5), ("y", 0.5), ("width", Width - 1), ("height", Height - 1), ("rx", 4.0), ("fill", "#ffffff"), ("stroke", Palette.Grid));
        canvas.Text(BarLeft, 19, TextMetrics.Shorten(name, 13, BarWidth - 60, bold: true), 13, bold: true);
        if (share is { } done) canvas.Text(BarLeft + BarWidth, 19, done.ToString("0 %", CultureInfo.InvariantCulture), 12, "end", Palette.Muted);
        canvas.Element("rect", ("x", BarLeft), ("y", 26.0), ("width", BarWidth), ("height", 8.0), ("rx", 2.0), ("fill", Palette.Grid));
        canvas.Element("rect", ("x", BarLeft), ("y", 26.0), ("width", BarWidth * Math.Clamp(share ?? 1, 0, 1)), ("height", 8.0), ("rx", 2.0), ("fill", share is null ? Palette.Frame : Palette.Colour(0)));
        canvas.Text(BarLeft, 50, TextMetrics.Shorten(words, 11.5, BarWidth + 10), 11.5, colour: Palette.Muted);
        Sparkline(canvas, [.. course.Where(double.IsFinite)]);
        canvas.Close("svg");
        return canvas.ToString();
    }

    private static void Sparkline(SvgCanvas canvas, double[] course)
    {
        if (course.Length < 2) return;
        // Long courses are drawn by the means of equal pieces.
        int points = Math.Min(course.Length, 90);
        double[] drawn = [.. Enumerable.Range(0, points).Select(i => course[(int)((long)i * course.Length / points)..(int)((long)(i + 1) * course.Length / points)].Average())];
        (double low, double high) = (drawn.Min(), drawn.Max());
        double range = high > low ? high - low : 1;
        (double X, double Y)[] path = [.. drawn.Select((v, i) => (SparkLeft + SparkWidth * i / (points - 1), SparkTop + SparkHeight * (1 - (v - low) / range)))];
        canvas.Element("path", ("d", SvgCanvas.Path(path)), ("fill", "none"), ("stroke", Palette.Colour(1)), ("stroke-width", 1.6), ("stroke-linejoin", "round"));
        canvas.Element("circle", ("cx", path[^1].X), ("cy", path[^1].Y), ("r", 2.6), ("fill", Palette.Colour(1)));
    }
}
