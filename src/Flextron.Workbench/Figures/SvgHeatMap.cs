using System.Globalization;

namespace Flextron.Workbench.Figures;

/// <summary>Draws the cells, their labels and the colour bar of a heat map.</summary>
internal static class SvgHeatMap
{
    public static void Draw(SvgCanvas canvas, SvgLayout layout, HeatMapSeries map)
    {
        (double low, double high) = map.ColourRange();
        double width = layout.Plot.Width / map.Values[0].Count, height = layout.Plot.Height / map.Values.Count;
        string[][] labels = [.. map.Values.Select(r => r.Select(v => Label(map, v)).ToArray())];
        double widest = labels.SelectMany(r => r).Max(l => TextMetrics.Width(l, 1));
        double size = Math.Min(layout.FontSize, Math.Min((width - 4) / Math.Max(widest, 1e-6), height - 6));

        canvas.Open("g", ("class", "series"), ("data-series", map.Name));
        for (int r = 0; r < map.Values.Count; r++)
            for (int c = 0; c < map.Values[r].Count; c++)
            {
                double value = map.Values[r][c], x = layout.Plot.Left + c * width, y = layout.Plot.Top + r * height;
                (string colour, bool dark) = double.IsFinite(value) ? Palette.Shade((value - low) / (high - low)) : ("#ffffff", false);
                canvas.Element("rect", ("class", "cell"), ("x", x + 0.5), ("y", y + 0.5), ("width", width - 1), ("height", height - 1), ("fill", colour),
                    ("stroke", double.IsFinite(value) ? null : Palette.Grid));
                // Below six pixels a label is a smudge; the numbers are in the data file.
                if (size >= 6 && labels[r][c].Length > 0)
                    canvas.Text(x + width / 2, y + height / 2 + size * 0.35, labels[r][c], size, "middle", dark ? "#ffffff" : Palette.Ink);
            }
        canvas.Close("g");
        ColourBar(canvas, layout, low, high);
    }

    private static void ColourBar(SvgCanvas canvas, SvgLayout layout, double low, double high)
    {
        const int Pieces = 64;
        double left = layout.Plot.Right + 18, piece = layout.Plot.Height / Pieces;
        canvas.Open("g", ("class", "colour-bar"));
        for (int i = 0; i < Pieces; i++)
            canvas.Element("rect", ("x", left), ("y", layout.Plot.Bottom - (i + 1) * piece), ("width", 14), ("height", i == 0 ? piece : piece + 0.6),
                ("fill", Palette.Shade((i + 0.5) / Pieces).Colour));
        canvas.Element("rect", ("x", left), ("y", layout.Plot.Top), ("width", 14), ("height", layout.Plot.Height), ("fill", "none"), ("stroke", Palette.Frame), ("stroke-width", 0.8));
        var map = new AxisMap(low, high, false, layout.Plot.Bottom, layout.Plot.Top);
        double widest = 0;
        foreach (Tick tick in layout.ColourTicks)
        {
            double y = map.Pixel(tick.Value);
            canvas.Line(left + 14, y, left + 14 + SvgLayout.TickLength, y, Palette.Frame, 1);
            canvas.Text(left + 14 + SvgLayout.TickLength + 3, y + layout.FontSize * 0.35, tick.Label, layout.FontSize);
            widest = Math.Max(widest, TextMetrics.Width(tick.Label, layout.FontSize));
        }
        double x = left + 14 + SvgLayout.TickLength + SvgLayout.LabelGap + widest + 4 + layout.FontSize;
        foreach (string line in layout.ColourTitle)
        {
            canvas.Text(x, layout.Plot.Top + layout.Plot.Height / 2, line, layout.FontSize, "middle", rotate: -90);
            x += layout.FontSize + 4;
        }
        canvas.Close("g");
    }

    private static string Label(HeatMapSeries map, double value) =>
        map.CellFormat.Length == 0 || !double.IsFinite(value) ? "" : value.ToString(map.CellFormat, CultureInfo.InvariantCulture).Replace('-', '−');
}
