namespace Flextron.Workbench.Figures;

/// <summary>Draws the data of lines, points, bars and histograms.</summary>
internal sealed class SvgMarks(SvgLayout layout, Figure figure, LabelPlacer placer, string id)
{
    private const double LineWidth = 1.8, MarkerSize = 3.6, Cap = 3.5, MostShift = 14;

    // Beyond this many points markers would merge into the line; a few spaced ones still tell the lines apart.
    private const int MostMarkers = 40;

    private Dictionary<FigureSeries, double>? _shifts;

    public void Draw(SvgCanvas canvas, FigureSeries series, int index)
    {
        canvas.Open("g", ("class", "series"), ("data-series", series.Name));
        switch (series)
        {
            case LineSeries line: Line(canvas, line, index); break;
            case ScatterSeries points: Points(canvas, points, index); break;
            case BarSeries bars: Bars(canvas, bars, index); break;
            case HistogramSeries histogram: Histogram(canvas, histogram, index); break;
        }
        canvas.Close("g");
    }

    public void LegendGlyph(SvgCanvas canvas, FigureSeries series, int index, double x, double y, double width)
    {
        string colour = Palette.Colour(index);
        switch (series)
        {
            case LineSeries line:
                if (line.Lower is not null && line.Intervals == IntervalMark.Band)
                    canvas.Element("rect", ("x", x), ("y", y - 5), ("width", width), ("height", 10), ("fill", colour), ("fill-opacity", 0.18));
                canvas.Line(x, y, x + width, y, colour, LineWidth, Palette.Dash(index));
                if (line.Smoothing <= 1) Marker(canvas, index, x + width / 2, y);
                break;
            case ScatterSeries:
                Marker(canvas, index, x + width / 2, y);
                break;
            case HistogramSeries:
                if (figure.Series.Count <= 3)
                    canvas.Element("rect", ("x", x), ("y", y - 5), ("width", width), ("height", 10), ("fill", colour), ("fill-opacity", 0.15));
                canvas.Line(x, figure.Series.Count <= 3 ? y - 5 : y, x + width, figure.Series.Count <= 3 ? y - 5 : y, colour, LineWidth, Palette.Dash(index));
                break;
            default:
                canvas.Element("rect", ("x", x + 4), ("y", y - 5), ("width", width - 8), ("height", 10), ("fill", $"url(#{id}-hatch{index})"), ("stroke", colour), ("stroke-width", 1));
                break;
        }
    }

    /// <summary>The fill patterns that bars use: the series' colour with white lines or dots over it.</summary>
    public void DefineHatches(SvgCanvas canvas)
    {
        for (int i = 0; i < figure.Series.Count; i++)
        {
            if (figure.Series[i] is not BarSeries) continue;
            canvas.Open("pattern", ("id", $"{id}-hatch{i}"), ("width", 8), ("height", 8), ("patternUnits", "userSpaceOnUse"));
            canvas.Element("rect", ("width", 8), ("height", 8), ("fill", Palette.Colour(i)));
            string? path = Palette.Hatch(i) switch
            {
                1 => "M-2,2L2,-2M0,8L8,0M6,10L10,6",
                2 => "M2,2h1.6M6,6h1.6",
                3 => "M0,0L8,8M8,0L0,8",
                4 => "M-2,6L2,10M0,0L8,8M6,-2L10,2",
                5 => "M0,4H8",
                6 => "M0,4H8M4,0V8",
                7 => "M4,0V8",
                _ => null,
            };
            if (path is not null) canvas.Element("path", ("d", path), ("stroke", "#ffffff"), ("stroke-width", 1.5), ("fill", "none"));
            canvas.Close("pattern");
        }
    }

    private void Line(SvgCanvas canvas, LineSeries line, int index)
    {
        string colour = Palette.Colour(index);
        if (line.Lower is not null && line.Intervals == IntervalMark.Band) Band(canvas, line, colour);
        foreach (List<(double X, double Y)> run in Runs(line, line.Y))
        {
            foreach (((double X, double Y) a, (double X, double Y) b) in run.Zip(run.Skip(1))) placer.OccupySegment(a.X, a.Y, b.X, b.Y);
            bool pale = line.Smoothing > 1;
            Stroke(canvas, run, colour, pale ? 0.9 : LineWidth, pale ? "" : Palette.Dash(index), pale ? 0.35 : 1);
        }
        if (line.Smoothing > 1)
        {
            foreach (List<(double X, double Y)> run in Runs(line, line.Smoothed())) Stroke(canvas, run, colour, LineWidth, Palette.Dash(index), 1);
            return;
        }
        if (line.Lower is not null && line.Intervals == IntervalMark.ErrorBars)
            for (int i = 0; i < line.X.Count; i++) ErrorBar(canvas, layout.X.Pixel(line.X[i]) + Shift(line), line.Lower[i], line.Upper![i], colour);
        // Each line starts its spaced markers elsewhere, so that those of close lines do not cover each other.
        int every = line.X.Count <= MostMarkers ? 1 : line.X.Count / 8;
        for (int i = every == 1 ? 0 : every * (1 + index % 4) / 5; i < line.X.Count; i += every) PointMarker(canvas, index, line.X[i], line.Y[i], Shift(line));
    }

    private void Band(SvgCanvas canvas, LineSeries line, string colour)
    {
        var upper = new List<(double X, double Y)>();
        var lower = new List<(double X, double Y)>();
        for (int i = 0; i <= line.X.Count; i++)
        {
            bool drawn = i < line.X.Count && double.IsFinite(line.Lower![i]) && double.IsFinite(line.Upper![i]) && double.IsFinite(line.X[i]);
            if (drawn)
            {
                double x = layout.X.Pixel(line.X[i]);
                if (line.Steps && upper.Count > 0)
                {
                    upper.Add((x, upper[^1].Y));
                    lower.Add((x, lower[^1].Y));
                }
                upper.Add((x, layout.Y.Clamped(line.Upper![i])));
                lower.Add((x, layout.Y.Clamped(line.Lower![i])));
            }
            else if (upper.Count > 0)
            {
                lower.Reverse();
                canvas.Element("path", ("class", "band"), ("d", SvgCanvas.Path(upper.Concat(lower)) + "Z"), ("fill", colour), ("fill-opacity", 0.18));
                upper.Clear();
                lower.Clear();
            }
        }
    }

    private void Points(SvgCanvas canvas, ScatterSeries points, int index)
    {
        // All intervals first, thin and pale, so that they cover no point.
        for (int i = 0; i < points.X.Count; i++) Intervals(canvas, points, i, Palette.Colour(index));
        for (int i = 0; i < points.X.Count; i++) PointMarker(canvas, index, points.X[i], points.Y[i]);
    }

    /// <summary>A point's intervals as a cross of two lines, where it lies within both axes.</summary>
    private void Intervals(SvgCanvas canvas, ScatterSeries points, int i, string colour)
    {
        if (!layout.X.Contains(points.X[i]) || !layout.Y.Contains(points.Y[i])) return;
        (double x, double y) = (layout.X.Pixel(points.X[i]), layout.Y.Pixel(points.Y[i]));
        if (points.Lower is not null) Stretch(x, x, layout.Y.Clamped(points.Lower[i]), layout.Y.Clamped(points.Upper![i]));
        if (points.Left is not null) Stretch(layout.X.Clamped(points.Left[i]), layout.X.Clamped(points.Right![i]), y, y);

        void Stretch(double x1, double x2, double y1, double y2)
        {
            if (!double.IsFinite(x1 + x2 + y1 + y2)) return;
            canvas.Element("path", ("class", "interval"), ("d", SvgCanvas.Path([(x1, y1), (x2, y2)])), ("stroke", colour), ("stroke-width", 1), ("stroke-opacity", 0.5));
            placer.OccupySegment(x1, y1, x2, y2);
        }
    }

    private void Bars(SvgCanvas canvas, BarSeries bars, int index)
    {
        int group = figure.Series.Count(s => s is BarSeries), place = figure.Series.Take(index).Count(s => s is BarSeries);
        double slot = layout.Plot.Width / bars.Values.Count, width = Math.Min(slot * 0.8 / group, 56);
        for (int i = 0; i < bars.Values.Count; i++)
        {
            double value = bars.Values[i];
            if (!double.IsFinite(value)) continue;
            double left = layout.X.Pixel(i) + (place - group / 2.0) * width;
            double from = layout.Y.Clamped(0), to = layout.Y.Clamped(value);
            canvas.Element("rect", ("class", "bar"), ("x", left + 0.5), ("y", Math.Min(from, to)), ("width", width - 1), ("height", Math.Abs(from - to)),
                ("fill", $"url(#{id}-hatch{index})"), ("stroke", Palette.Colour(index)), ("stroke-width", 1));
            for (double x = left; x <= left + width; x += 5) placer.OccupySegment(x, from, x, to);
            if (bars.Lower is not null) ErrorBar(canvas, left + width / 2, bars.Lower[i], bars.Upper![i], Palette.Ink, halo: true);
        }
    }

    private void Histogram(SvgCanvas canvas, HistogramSeries histogram, int index)
    {
        double zero = layout.Y.Clamped(0);
        var outline = new List<(double X, double Y)> { (layout.X.Pixel(histogram.Edges[0]), zero) };
        for (int i = 0; i < histogram.Heights.Count; i++)
        {
            double y = layout.Y.Pixel(double.IsFinite(histogram.Heights[i]) ? histogram.Heights[i] : 0);
            outline.Add((layout.X.Pixel(histogram.Edges[i]), y));
            outline.Add((layout.X.Pixel(histogram.Edges[i + 1]), y));
        }
        outline.Add((layout.X.Pixel(histogram.Edges[^1]), zero));
        string colour = Palette.Colour(index);
        // Many fills over each other make one grey; then the outlines alone tell more.
        if (figure.Series.Count <= 3)
            canvas.Element("path", ("d", SvgCanvas.Path(outline) + "Z"), ("fill", colour), ("fill-opacity", figure.Series.Count == 1 ? 0.45 : 0.12));
        foreach (List<(double X, double Y)> run in AboveZero(outline, zero)) Stroke(canvas, run, colour, LineWidth, Palette.Dash(index), 1);
        foreach (((double X, double Y) a, (double X, double Y) b) in outline.Zip(outline.Skip(1))) placer.OccupySegment(a.X, a.Y, b.X, b.Y);
    }

    /// <summary>The parts of an outline that do not run along the axis, where empty bins of several series would cover each other.</summary>
    private static IEnumerable<List<(double X, double Y)>> AboveZero(List<(double X, double Y)> outline, double zero)
    {
        var run = new List<(double X, double Y)>();
        for (int i = 0; i < outline.Count; i++)
        {
            run.Add(outline[i]);
            if (i + 1 < outline.Count && (outline[i].Y != zero || outline[i + 1].Y != zero)) continue;
            if (run.Count > 1) yield return run;
            run = [];
        }
    }

    private double Shift(LineSeries line) => (_shifts ??= Shifts()).GetValueOrDefault(line);

    /// <summary>Pixels by which each line's points stand beside their category, or beside a place that all lines share, so that error bars do not cover each other.</summary>
    private Dictionary<FigureSeries, double> Shifts()
    {
        LineSeries[] lines = [.. figure.Series.OfType<LineSeries>().Where(l => l.Intervals == IntervalMark.ErrorBars && l.Lower is not null)];
        if (figure.X.Categories is null && !lines.All(l => l.X.SequenceEqual(lines[0].X))) lines = [];
        double step = lines.Length == 0 ? 0 : Math.Min(7, 0.7 * layout.Plot.Width / (figure.X.Categories?.Count ?? Math.Max(1, lines[0].X.Count)) / lines.Length);
        var shifts = new Dictionary<FigureSeries, double>(ReferenceEqualityComparer.Instance);
        for (int i = 0; i < lines.Length; i++) shifts[lines[i]] = (i - (lines.Length - 1) / 2.0) * step;
        return shifts;
    }

    private void PointMarker(SvgCanvas canvas, int index, double x, double y, double shift = 0)
    {
        if (!double.IsFinite(x) || !double.IsFinite(y) || !layout.X.Contains(x) || !layout.Y.Contains(y)) return;
        (double px, double py) = (layout.X.Pixel(x) + shift, layout.Y.Pixel(y));
        Marker(canvas, index, px, py);
        placer.Occupy(px, py);
    }

    private void ErrorBar(SvgCanvas canvas, double x, double lower, double upper, string colour, bool halo = false)
    {
        if (!double.IsFinite(lower) || !double.IsFinite(upper) || !double.IsFinite(x) || !layout.Plot.Contains(x, layout.Plot.Top, MostShift)) return;
        (double low, double high) = (layout.Y.Clamped(lower), layout.Y.Clamped(upper));
        string path = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"M{x - Cap:0.##},{high:0.##}h{2 * Cap}M{x:0.##},{high:0.##}V{low:0.##}M{x - Cap:0.##},{low:0.##}h{2 * Cap}");
        if (halo) canvas.Element("path", ("d", path), ("stroke", "#ffffff"), ("stroke-width", 3.2), ("fill", "none"));
        canvas.Element("path", ("class", "interval"), ("d", path), ("stroke", colour), ("stroke-width", 1.3), ("fill", "none"));
        placer.OccupySegment(x, low, x, high);
    }

    private static void Stroke(SvgCanvas canvas, List<(double X, double Y)> points, string colour, double width, string dash, double opacity)
    {
        if (points.Count > 1)
            canvas.Element("path", ("d", SvgCanvas.Path(points)), ("fill", "none"), ("stroke", colour), ("stroke-width", width), ("stroke-linejoin", "round"),
                ("stroke-dasharray", dash.Length == 0 ? null : dash), ("stroke-opacity", opacity == 1 ? null : opacity));
    }

    /// <summary>The stretches of a line between gaps, in pixels; thinned to what a printed line can show.</summary>
    private IEnumerable<List<(double X, double Y)>> Runs(LineSeries line, IReadOnlyList<double> values)
    {
        var run = new List<(double X, double Y)>();
        for (int i = 0; i <= values.Count; i++)
        {
            if (i < values.Count && double.IsFinite(values[i]) && double.IsFinite(line.X[i]))
            {
                (double x, double y) = (layout.X.Pixel(line.X[i]) + Shift(line), layout.Y.Pixel(values[i]));
                if (line.Steps && run.Count > 0) run.Add((x, run[^1].Y));
                run.Add((x, y));
            }
            else if (run.Count > 0)
            {
                yield return Thinned(run);
                run = [];
            }
        }
    }

    /// <summary>Keeps the first, lowest, highest and last point of every pixel column, which draws the same line with far fewer points.</summary>
    private static List<(double X, double Y)> Thinned(List<(double X, double Y)> points)
    {
        if (points.Count <= 1200) return points;
        var kept = new List<(double X, double Y)>();
        for (int start = 0; start < points.Count;)
        {
            int end = start, low = start, high = start;
            while (end + 1 < points.Count && Math.Floor(points[end + 1].X) == Math.Floor(points[start].X))
            {
                end++;
                if (points[end].Y < points[low].Y) low = end;
                if (points[end].Y > points[high].Y) high = end;
            }
            foreach (int i in new SortedSet<int> { start, low, high, end }) kept.Add(points[i]);
            start = end + 1;
        }
        return kept;
    }

    private static void Marker(SvgCanvas canvas, int index, double x, double y)
    {
        const double s = MarkerSize;
        (string Name, object? Value) fill = ("fill", Palette.Colour(index)), edge = ("stroke", "#ffffff"), width = ("stroke-width", 0.8), role = ("class", "marker");
        (double X, double Y)[] shape = Palette.Marker(index) switch
        {
            1 => [(-s, -s), (s, -s), (s, s), (-s, s)],
            2 => [(0, -1.25 * s), (1.2 * s, s), (-1.2 * s, s)],
            3 => [(0, -1.4 * s), (1.4 * s, 0), (0, 1.4 * s), (-1.4 * s, 0)],
            4 => [(0, 1.25 * s), (1.2 * s, -s), (-1.2 * s, -s)],
            5 => Cross(0),
            6 => Cross(Math.PI / 4),
            7 => [.. Enumerable.Range(0, 10).Select(i => (Radius(i) * Math.Sin(i * Math.PI / 5), -Radius(i) * Math.Cos(i * Math.PI / 5)))],
            _ => [],
        };
        if (shape.Length == 0) canvas.Element("circle", role, ("cx", x), ("cy", y), ("r", s), fill, edge, width);
        else canvas.Element("path", role, ("data-x", x), ("data-y", y), ("d", SvgCanvas.Path(shape.Select(p => (x + p.X, y + p.Y))) + "Z"), fill, edge, width);

        static double Radius(int i) => i % 2 == 0 ? 1.5 * MarkerSize : 0.65 * MarkerSize;
        static (double X, double Y)[] Cross(double turn)
        {
            const double a = 0.42 * MarkerSize, b = 1.3 * MarkerSize;
            (double X, double Y)[] cross = [(-a, -b), (a, -b), (a, -a), (b, -a), (b, a), (a, a), (a, b), (-a, b), (-a, a), (-b, a), (-b, -a), (-a, -a)];
            return [.. cross.Select(p => (p.X * Math.Cos(turn) - p.Y * Math.Sin(turn), p.X * Math.Sin(turn) + p.Y * Math.Cos(turn)))];
        }
    }
}
