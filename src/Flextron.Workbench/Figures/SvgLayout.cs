namespace Flextron.Workbench.Figures;

/// <summary>Where everything of a static figure stands: computed once from the texts' sizes, so that nothing is cut or overlaps.</summary>
internal sealed class SvgLayout
{
    public const double Edge = 10, TickLength = 4, LabelGap = 6;

    public SvgLayout(Figure figure, SvgOptions options)
    {
        FontSize = options.FontSize;
        TitleSize = FontSize + 3;
        HeatMap = figure.Series[0] as HeatMapSeries;
        double textWidth = options.Width - 2 * Edge;
        Title = TextMetrics.Wrap(figure.Title, TitleSize, textWidth, bold: true);
        Subtitle = string.IsNullOrWhiteSpace(figure.Subtitle) ? [] : TextMetrics.Wrap(figure.Subtitle, FontSize, textWidth);
        Legend = new SvgLegend(figure, FontSize, textWidth);
        (double Minimum, double Maximum) xRange = AxisRange.Of(figure, x: true), yRange = AxisRange.Of(figure, x: false);

        double top = Edge + Title.Count * (TitleSize + 5) + Subtitle.Count * (FontSize + 4) + 12;
        double plotHeight = HeatMap is null ? options.PlotHeight : Math.Clamp(HeatMap.Values.Count * 34.0, 80, 900);
        bool square = figure.IdentityLine;
        if (square) plotHeight = Math.Min(Math.Max(options.PlotHeight + 60, 80), options.Width - 200);

        YTicks = figure.Y.Categories is { } rows
            ? [.. rows.Select((name, i) => new Tick(i, TextMetrics.Shorten(name, FontSize, options.Width * 0.3)))]
            : Divisions(figure.Y, yRange, plotHeight, perTick: 42);
        YTitle = TextMetrics.Wrap(figure.Y.Title, FontSize, plotHeight);
        double left = Edge + YTitle.Count * (FontSize + 4) + 4 + YTicks.Select(t => TextMetrics.Width(t.Label, FontSize)).DefaultIfEmpty(0).Max() + TickLength + LabelGap;

        ColourTicks = [];
        double right = Legend.IsRight ? Legend.ColumnWidth : 0;
        if (HeatMap is not null)
        {
            (double low, double high) = HeatMap.ColourRange();
            ColourTicks = Ticks.Linear(low, high, (int)Math.Clamp(plotHeight / 40, 2, 8));
            ColourTitle = TextMetrics.Wrap(HeatMap.Name, FontSize, Math.Max(plotHeight, 80));
            right = 18 + 14 + TickLength + LabelGap + ColourTicks.Max(t => TextMetrics.Width(t.Label, FontSize)) + 6 + ColourTitle.Count * (FontSize + 4);
        }
        double plotWidth = Math.Max(100, options.Width - left - right - Edge - 6);
        if (square) plotWidth = Math.Min(plotWidth, plotHeight);

        XTicks = figure.X.Categories is { } columns
            ? [.. columns.Select((name, i) => new Tick(i, name))]
            : Divisions(figure.X, xRange, plotWidth, perTick: square ? 42 : 64);
        if (figure.X.Categories is null && XTicks.Count > 0 && right == 0)
        {
            // Half of the last label stands right of its mark.
            double share = new AxisMap(xRange.Minimum, xRange.Maximum, figure.X.IsLogarithmic, 0, 1).Pixel(XTicks[^1].Value);
            double over = share * plotWidth + TextMetrics.Width(XTicks[^1].Label, FontSize) / 2 - (options.Width - left - 4);
            if (over > 0) plotWidth -= over / Math.Max(0.5, share);
        }
        double widest = XTicks.Select(t => TextMetrics.Width(t.Label, FontSize)).DefaultIfEmpty(0).Max();
        double tickRows = FontSize + 2;
        if (figure.X.Categories is not null && widest > plotWidth / XTicks.Count - 6)
        {
            // Names too wide to stand side by side lean to the left under their positions.
            XRotation = -35;
            double Limit(int i) => Math.Min(140, (left + (i + 0.5) * plotWidth / XTicks.Count - Edge) / Math.Cos(Math.PI * 35 / 180));
            XTicks = [.. XTicks.Select((t, i) => t with { Label = TextMetrics.Shorten(t.Label, FontSize, Limit(i)) })];
            tickRows = XTicks.Max(t => TextMetrics.Width(t.Label, FontSize)) * Math.Sin(Math.PI * 35 / 180) + FontSize;
        }
        XTitle = TextMetrics.Wrap(figure.X.Title, FontSize, Math.Max(plotWidth, options.Width - left - Edge - right));
        double bottom = TickLength + LabelGap + tickRows + XTitle.Count * (FontSize + 4) + 8;

        Plot = new SvgBox(left, top, plotWidth, plotHeight);
        X = new AxisMap(xRange.Minimum, xRange.Maximum, figure.X.IsLogarithmic, Plot.Left, Plot.Right);
        // Rows of a heat map run from the top down, everything else from the bottom up.
        Y = HeatMap is null
            ? new AxisMap(yRange.Minimum, yRange.Maximum, figure.Y.IsLogarithmic, Plot.Bottom, Plot.Top)
            : new AxisMap(yRange.Minimum, yRange.Maximum, false, Plot.Top, Plot.Bottom);
        Width = square && Title.Count == 1
            ? Math.Max(left + plotWidth + right + Edge + 6, 2 * Edge + Title.Concat(Subtitle).Max(t => TextMetrics.Width(t, TitleSize, bold: true)))
            : options.Width;
        XTitleTop = Plot.Bottom + TickLength + LabelGap + tickRows + 4;
        LegendTop = Plot.Bottom + bottom;
        double below = Plot.Bottom + bottom + Legend.RowsHeight(Width - 2 * Edge);
        Height = Math.Max(below, Plot.Top + Legend.ColumnHeight + Edge);
    }

    public double Width { get; }
    public double Height { get; }
    public double FontSize { get; }
    public double TitleSize { get; }
    public IReadOnlyList<string> Title { get; }
    public IReadOnlyList<string> Subtitle { get; }
    public IReadOnlyList<string> XTitle { get; }
    public IReadOnlyList<string> YTitle { get; }
    public IReadOnlyList<string> ColourTitle { get; } = [];
    public IReadOnlyList<Tick> XTicks { get; }
    public IReadOnlyList<Tick> YTicks { get; }
    public IReadOnlyList<Tick> ColourTicks { get; }
    public HeatMapSeries? HeatMap { get; }
    public SvgLegend Legend { get; }
    public SvgBox Plot { get; }
    public AxisMap X { get; }
    public AxisMap Y { get; }
    public double XRotation { get; }
    public double XTitleTop { get; }
    public double LegendTop { get; }

    private static IReadOnlyList<Tick> Divisions(Axis axis, (double Minimum, double Maximum) range, double pixels, double perTick)
    {
        int target = (int)Math.Clamp(pixels / perTick, 2, 12);
        return axis.IsLogarithmic ? Ticks.Logarithmic(range.Minimum, range.Maximum, target) : Ticks.Linear(range.Minimum, range.Maximum, target);
    }
}
