using System.Globalization;

namespace Flextron.Workbench.Figures;

/// <summary>A text whose tokens are coloured by a number each: their log-probability, or the compute spent on them.</summary>
/// <param name="Tokens">The pieces of the text, spaces and line breaks included.</param>
/// <param name="Values">A number for each; NaN leaves a piece without colour.</param>
/// <param name="Quantity">What the numbers are, for the scale below the text.</param>
public sealed record ColouredText(IReadOnlyList<string> Tokens, IReadOnlyList<double> Values, string Quantity)
{
    private const double FontSize = 14, LineHeight = 26, Advance = 0.602 * FontSize, Margin = 10, Width = 760;

    /// <summary>One line above: whose numbers they are; none where null.</summary>
    public string? Title { get; init; }

    /// <summary>What is said after the title, such as a mean: the title alone names the picture.</summary>
    public string? Note { get; init; }

    /// <summary>The number drawn palest; the smallest where null.</summary>
    public double? Minimum { get; init; }

    /// <summary>The number drawn darkest; the largest where null.</summary>
    public double? Maximum { get; init; }

    /// <summary>The picture as one SVG document.</summary>
    /// <exception cref="FlextronException">Not one number for each token, or no token.</exception>
    public string ToSvg()
    {
        if (Tokens.Count == 0 || Tokens.Count != Values.Count) throw new FlextronException($"A coloured text needs one number for each token: {Tokens.Count} tokens and {Values.Count} numbers were given.");
        double[] finite = [.. Values.Where(double.IsFinite)];
        double low = Minimum ?? finite.DefaultIfEmpty(0).Min(), high = Maximum ?? finite.DefaultIfEmpty(1).Max();
        if (!(high > low)) high = low + 1;
        var body = new SvgCanvas();
        double top = Title is null ? Margin : Margin + LineHeight, x = Margin, y = top;
        for (int i = 0; i < Tokens.Count; i++)
        {
            string[] lines = Tokens[i].ReplaceLineEndings("\n").Split('\n');
            for (int l = 0; l < lines.Length; l++)
            {
                if (l > 0) (x, y) = (Margin, y + LineHeight);
                (x, y) = Piece(body, lines[l], Values[i], (Values[i] - low) / (high - low), x, y);
            }
        }
        double scaleTop = y + LineHeight + 14, height = scaleTop + 36;
        var canvas = new SvgCanvas();
        canvas.Open("svg", ("xmlns", "http://www.w3.org/2000/svg"), ("width", Width), ("height", height), ("viewBox", $"0 0 {SvgCanvas.Number(Width)} {SvgCanvas.Number(height)}"), ("role", "img"),
            ("font-family", SvgRenderer.Fonts), ("fill", Palette.Ink));
        canvas.TextElement("title", Title is null ? $"Text coloured by {Quantity}" : $"{Title}: text coloured by {Quantity}");
        canvas.Element("rect", ("width", Width), ("height", height), ("fill", "#ffffff"));
        if (Title is not null)
        {
            double room = Width - 2 * Margin - (Note is null ? 0 : TextMetrics.Width(Note, 12) + Margin);
            string title = TextMetrics.Shorten(Title, 14, room, bold: true);
            canvas.Text(Margin, Margin + 14, title, 14, bold: true);
            if (Note is not null) canvas.Text(2 * Margin + TextMetrics.Width(title, 14, bold: true), Margin + 14, Note, 12, colour: Palette.Muted);
        }
        canvas.Raw(body);
        Scale(canvas, scaleTop, low, high, finite.Any(v => v > high));
        canvas.Close("svg");
        return canvas.ToString();
    }

    /// <summary>The pieces and their numbers as comma-separated text with a header line; missing numbers are empty.</summary>
    public string ToCsv()
    {
        var table = new FigureTable("token", Quantity);
        for (int i = 0; i < Tokens.Count; i++) table.Add().Text(table.XName, Tokens[i]).Number(table.YName, Values[i]);
        return table.ToCsv();
    }

    private (double X, double Y) Piece(SvgCanvas canvas, string text, double value, double share, double x, double y)
    {
        while (text.Length > 0)
        {
            int room = (int)((Width - Margin - x) / Advance);
            if (text.Length > room && x > Margin) (x, y, room) = (Margin, y + LineHeight, (int)((Width - 2 * Margin) / Advance));
            string piece = text[..Math.Min(room, text.Length)];
            (string colour, bool dark) = double.IsFinite(share) ? Palette.Shade(share) : ("#ffffff", false);
            double width = piece.Length * Advance;
            canvas.Open("g");
            canvas.TextElement("title", double.IsFinite(value) ? string.Create(CultureInfo.InvariantCulture, $"{piece}: {Quantity} {value:0.###}") : piece);
            canvas.Element("rect", ("x", x + 0.5), ("y", y), ("width", width - 1), ("height", LineHeight - 4), ("fill", colour));
            // The width is forced, so that letters fill their box in whatever fixed-width font is there.
            canvas.TextElement("text", piece, ("x", x), ("y", y + 16), ("font-size", FontSize), ("font-family", "'DejaVu Sans Mono', Menlo, Consolas, monospace"), ("xml:space", "preserve"),
                ("textLength", width), ("lengthAdjust", "spacingAndGlyphs"), ("fill", dark ? "#ffffff" : null));
            canvas.Close("g");
            x += width;
            text = text[piece.Length..];
        }
        return (x, y);
    }

    private void Scale(SvgCanvas canvas, double y, double low, double high, bool clipped)
    {
        const double Size = 11, Gap = 8;
        canvas.Text(Margin, y + 10, Quantity, Size, colour: Palette.Muted);
        string first = Label(low);
        double left = Margin + TextMetrics.Width(Quantity, Size) + 2 * Gap;
        canvas.Text(left, y + 10, first, Size, colour: Palette.Muted);
        double bar = left + TextMetrics.Width(first, Size) + Gap;
        for (int i = 0; i < 24; i++) canvas.Element("rect", ("x", bar + 8 * i), ("y", y), ("width", 8.5), ("height", 12.0), ("fill", Palette.Shade(i / 23.0).Colour));
        canvas.Text(bar + 8 * 24 + Gap, y + 10, clipped ? $"{Label(high)} and more" : Label(high), Size, colour: Palette.Muted);
    }

    private static string Label(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
