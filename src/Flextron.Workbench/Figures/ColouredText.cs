using System.Globalization;
using System.Text;

namespace Flextron.Workbench.Figures;

/// <summary>A text whose pieces are shaded by a value each: where along a text something happens.</summary>
/// <param name="Title">One line that says what is shown.</param>
/// <param name="Measure">What the shades mean, drawn beside the scale.</param>
/// <param name="Pieces">The text, piece by piece, spaces included.</param>
/// <param name="Values">One value for each piece, 0 (pale) to 1 (dark).</param>
public sealed record ColouredText(string Title, string Measure, IReadOnlyList<string> Pieces, IReadOnlyList<double> Values)
{
    private const double Width = 760, Margin = 16, FontSize = 13, LineHeight = 23;

    /// <summary>Longer explanation printed under the picture in a report; null for none.</summary>
    public string? Caption { get; init; }

    /// <summary>Checks that it can be drawn.</summary>
    /// <exception cref="FlextronException">No pieces, or not one finite value for each.</exception>
    public void Validate()
    {
        if (Pieces.Count == 0 || Pieces.Count != Values.Count || !Values.All(double.IsFinite))
            throw new FlextronException($"The coloured text \"{Title}\" has {Pieces.Count} pieces and {Values.Count} values: give one finite value for each piece.");
    }

    /// <summary>The picture, self-contained.</summary>
    public string ToSvg()
    {
        Validate();
        var body = new SvgCanvas();
        double x = Margin, y = 62;
        for (int i = 0; i < Pieces.Count; i++)
        {
            string piece = Pieces[i].Replace("\n", "↵", StringComparison.Ordinal), text = piece.TrimStart(' ');
            double lead = TextMetrics.Width(" ", FontSize) * (piece.Length - text.Length), width = lead + TextMetrics.Width(text, FontSize);
            if (x > Margin && x + width > Width - Margin) (x, y, width, lead) = (Margin, y + LineHeight, width - lead, 0);
            (string colour, bool dark) = Palette.Shade(Values[i]);
            body.Element("rect", ("x", x), ("y", y - 15), ("width", width), ("height", LineHeight - 3), ("fill", colour));
            // The text is fitted to its box, because fonts differ in width from the estimate.
            if (text.Length > 0)
            {
                body.TextElement("text", text, ("x", x + lead), ("y", y), ("font-size", FontSize), ("fill", dark ? "#ffffff" : Palette.Ink),
                    ("textLength", Math.Max(1, width - lead - 0.5)), ("lengthAdjust", "spacingAndGlyphs"));
            }
            x += width;
        }
        double height = y + Margin;
        var svg = new SvgCanvas();
        svg.Open("svg", ("xmlns", "http://www.w3.org/2000/svg"), ("viewBox", string.Create(CultureInfo.InvariantCulture, $"0 0 {Width} {height:0}")),
            ("width", Width), ("height", height), ("font-family", "Helvetica, Arial, 'Liberation Sans', sans-serif"), ("role", "img"));
        svg.TextElement("title", Title);
        svg.Element("rect", ("width", Width), ("height", height), ("fill", "#ffffff"));
        svg.Text(Margin, 22, Title, 14, bold: true);
        const int Steps = 8;
        for (int i = 0; i < Steps; i++) svg.Element("rect", ("x", Margin + 12 * i), ("y", 31), ("width", 12), ("height", 9), ("fill", Palette.Shade(i / (Steps - 1.0)).Colour));
        svg.Text(Margin + 12 * Steps + 8, 40, Measure, 11, colour: Palette.Muted);
        return svg + body.ToString() + "</svg>\n";
    }

    /// <summary>Pieces and values as comma-separated text.</summary>
    public string ToCsv()
    {
        Validate();
        var csv = new StringBuilder("piece,value\n");
        for (int i = 0; i < Pieces.Count; i++)
            csv.Append('"').Append(Pieces[i].Replace("\"", "\"\"", StringComparison.Ordinal)).Append("\",").Append(CultureInfo.InvariantCulture, $"{Values[i]:R}\n");
        return csv.ToString();
    }
}
