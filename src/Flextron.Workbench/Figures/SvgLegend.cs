namespace Flextron.Workbench.Figures;

/// <summary>The legend's size and place: a column right of the plot where the names are short, else rows below; never over data.</summary>
internal sealed class SvgLegend
{
    private const double GlyphWidth = 30, GlyphGap = 7, EntryGap = 18;
    private readonly string[] _names;
    private readonly double[] _widths;
    private readonly double _fontSize;

    public SvgLegend(Figure figure, double fontSize, double available)
    {
        _fontSize = fontSize;
        bool needed = figure.Series.Count > 1 && figure.Series[0] is not HeatMapSeries;
        _names = needed ? [.. figure.Series.Select(s => TextMetrics.Shorten(s.Name, fontSize, available - GlyphWidth - GlyphGap - 4))] : [];
        _widths = [.. _names.Select(n => GlyphWidth + GlyphGap + TextMetrics.Width(n, fontSize))];
        IsRight = needed && _widths.Max() <= 165 && _names.Length <= 16;
        RowHeight = fontSize + 7;
    }

    public bool IsEmpty => _names.Length == 0;

    /// <summary>Whether it stands right of the plot.</summary>
    public bool IsRight { get; }

    public double RowHeight { get; }

    /// <summary>Width of the column right of the plot, its gap included; 0 where it stands below.</summary>
    public double ColumnWidth => IsRight ? _widths.Max() + 16 : 0;

    /// <summary>Height of the rows below the plot when they may be so wide; 0 where it stands on the right.</summary>
    public double RowsHeight(double width) => IsEmpty || IsRight ? 0 : Places(0, 0, width).Max(p => p.Y) + RowHeight + 8;

    /// <summary>Height of the column right of the plot.</summary>
    public double ColumnHeight => IsRight ? _names.Length * RowHeight : 0;

    /// <summary>Draws it with its top left corner at (x, y).</summary>
    public void Draw(SvgCanvas canvas, SvgMarks marks, Figure figure, double x, double y, double width)
    {
        if (IsEmpty) return;
        canvas.Open("g", ("class", "legend"));
        (double X, double Y)[] places = [.. Places(x, y, width)];
        for (int i = 0; i < _names.Length; i++)
        {
            (double left, double top) = places[i];
            marks.LegendGlyph(canvas, figure.Series[i], i, left, top + RowHeight / 2, GlyphWidth);
            canvas.Text(left + GlyphWidth + GlyphGap, top + RowHeight / 2 + _fontSize * 0.35, _names[i], _fontSize);
        }
        canvas.Close("g");
    }

    private IEnumerable<(double X, double Y)> Places(double x, double y, double width)
    {
        double left = x, top = y;
        for (int i = 0; i < _names.Length; i++)
        {
            if (IsRight)
            {
                yield return (x, y + i * RowHeight);
                continue;
            }
            if (left > x && left + _widths[i] > x + width)
            {
                left = x;
                top += RowHeight;
            }
            yield return (left, top);
            left += _widths[i] + EntryGap;
        }
    }
}
