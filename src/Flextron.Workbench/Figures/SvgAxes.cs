namespace Flextron.Workbench.Figures;

/// <summary>Draws what frames the data: grid, axes, reference lines and the texts that stand among the data.</summary>
internal static class SvgAxes
{
    public static void Draw(SvgCanvas canvas, SvgLayout layout, Figure figure, bool grid)
    {
        SvgBox plot = layout.Plot;
        double size = layout.FontSize;
        if (grid)
        {
            canvas.Open("g", ("class", "grid"));
            foreach (Tick tick in layout.YTicks)
                canvas.Line(plot.Left, layout.Y.Pixel(tick.Value), plot.Right, layout.Y.Pixel(tick.Value), Palette.Grid, 1);
            if (figure.X.Categories is null)
                foreach (Tick tick in layout.XTicks)
                    canvas.Line(layout.X.Pixel(tick.Value), plot.Top, layout.X.Pixel(tick.Value), plot.Bottom, Palette.Grid, 1);
            canvas.Close("g");
        }

        canvas.Open("g", ("class", "x-axis"));
        if (figure.X.IsLogarithmic)
            foreach (double mark in Ticks.LogarithmicMinor(layout.X.Minimum, layout.X.Maximum))
                canvas.Line(layout.X.Pixel(mark), plot.Bottom, layout.X.Pixel(mark), plot.Bottom + 2.5, Palette.Frame, 0.8);
        foreach (Tick tick in layout.XTicks)
        {
            double x = layout.X.Pixel(tick.Value), y = plot.Bottom + SvgLayout.TickLength;
            if (grid) canvas.Line(x, plot.Bottom, x, y, Palette.Frame, 1);
            if (layout.XRotation == 0) canvas.Text(x, y + 3 + size, tick.Label, size, "middle");
            else canvas.Text(x + size * 0.3, y + size * 0.8, tick.Label, size, "end", rotate: layout.XRotation);
        }
        for (int i = 0; i < layout.XTitle.Count; i++)
            canvas.Text(plot.Left + plot.Width / 2, layout.XTitleTop + size + i * (size + 4), layout.XTitle[i], size, "middle");
        canvas.Close("g");

        canvas.Open("g", ("class", "y-axis"));
        if (figure.Y.IsLogarithmic)
            foreach (double mark in Ticks.LogarithmicMinor(layout.Y.Minimum, layout.Y.Maximum))
                canvas.Line(plot.Left - 2.5, layout.Y.Pixel(mark), plot.Left, layout.Y.Pixel(mark), Palette.Frame, 0.8);
        foreach (Tick tick in layout.YTicks)
        {
            double y = layout.Y.Pixel(tick.Value);
            if (grid) canvas.Line(plot.Left - SvgLayout.TickLength, y, plot.Left, y, Palette.Frame, 1);
            canvas.Text(plot.Left - SvgLayout.TickLength - 3, y + size * 0.35, tick.Label, size, "end");
        }
        for (int i = 0; i < layout.YTitle.Count; i++)
            canvas.Text(SvgLayout.Edge + size + i * (size + 4), plot.Top + plot.Height / 2, layout.YTitle[i], size, "middle", rotate: -90);
        canvas.Close("g");

        if (!grid) return;
        canvas.Element("path", ("class", "frame"), ("d", SvgCanvas.Path([(plot.Left, plot.Top), (plot.Left, plot.Bottom), (plot.Right, plot.Bottom)])),
            ("fill", "none"), ("stroke", Palette.Frame), ("stroke-width", 1));
        if (layout.Y is { Logarithmic: false, Minimum: < 0, Maximum: > 0 })
            canvas.Line(plot.Left, layout.Y.Pixel(0), plot.Right, layout.Y.Pixel(0), Palette.Frame, 1);
    }

    /// <summary>The line y = x.</summary>
    public static void Identity(SvgCanvas canvas, SvgLayout layout, LabelPlacer placer)
    {
        double low = Math.Max(layout.X.Minimum, layout.Y.Minimum), high = Math.Min(layout.X.Maximum, layout.Y.Maximum);
        if (!(high > low)) return;
        (double x1, double y1, double x2, double y2) = (layout.X.Pixel(low), layout.Y.Pixel(low), layout.X.Pixel(high), layout.Y.Pixel(high));
        canvas.Line(x1, y1, x2, y2, Palette.Frame, 1.2, "5 4");
        placer.OccupySegment(x1, y1, x2, y2);
    }

    /// <summary>Names the line y = x beside it, where the least data lie.</summary>
    public static void IdentityLabel(SvgCanvas canvas, SvgLayout layout, LabelPlacer placer)
    {
        double low = Math.Max(layout.X.Minimum, layout.Y.Minimum), high = Math.Min(layout.X.Maximum, layout.Y.Maximum);
        if (!(high > low)) return;
        const string Name = "y = x";
        double size = layout.FontSize - 1, width = TextMetrics.Width(Name, size), height = size + 2;
        (SvgBox box, _) = placer.Place(new[] { 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1 }.SelectMany(t =>
        {
            double x = layout.X.Pixel(low) + t * (layout.X.Pixel(high) - layout.X.Pixel(low)), y = layout.Y.Pixel(low) + t * (layout.Y.Pixel(high) - layout.Y.Pixel(low));
            return new[] { new SvgBox(x + 10, y + 6, width, height), new SvgBox(x - 10 - width, y - 6 - height, width, height) };
        }));
        canvas.Text(box.Left, box.Top + size, Name, size, colour: Palette.Muted, halo: true);
    }

    /// <summary>The reference lines, under lines and points but over bars, which would hide them.</summary>
    public static void ReferenceLines(SvgCanvas canvas, SvgLayout layout, Figure figure, bool overBars)
    {
        canvas.Open("g", ("class", "reference"));
        foreach (ReferenceLine line in figure.ReferenceLines.Where(l => Visible(layout, l)))
        {
            (double x1, double y1, double x2, double y2) = line.Vertical
                ? (layout.X.Pixel(line.Value), layout.Plot.Top, layout.X.Pixel(line.Value), layout.Plot.Bottom)
                : (layout.Plot.Left, layout.Y.Pixel(line.Value), layout.Plot.Right, layout.Y.Pixel(line.Value));
            if (overBars) canvas.Line(x1, y1, x2, y2, "#ffffff", 3);
            canvas.Line(x1, y1, x2, y2, overBars ? Palette.Ink : Palette.Muted, 1.3, "6 4");
        }
        canvas.Close("g");
    }

    /// <summary>Names the reference lines where the least data lie: along the line, on either side.</summary>
    public static void ReferenceLabels(SvgCanvas canvas, SvgLayout layout, Figure figure, LabelPlacer placer)
    {
        SvgBox plot = layout.Plot;
        double size = layout.FontSize - 1;
        ReferenceLine[] lines = [.. figure.ReferenceLines.Where(l => Visible(layout, l))];
        canvas.Open("g", ("class", "reference-labels"));
        foreach (ReferenceLine line in lines)
        {
            double available = line.Vertical ? plot.Height - 12 : plot.Width - 12;
            string label = TextMetrics.Shorten(line.Label, size, available);
            double width = TextMetrics.Width(label, size), height = size + 2;
            if (line.Vertical)
            {
                double x = layout.X.Pixel(line.Value);
                (SvgBox box, bool covers) = placer.Place(new[] { 0.02, 0.5, 0.98, 0.25, 0.75 }.SelectMany(t => new[] { 3.0, -3.0 - height }
                    .Select(dx => new SvgBox(x + dx, plot.Top + t * (plot.Height - width), height, width))));
                if (covers) Ground(canvas, box);
                canvas.Text(box.Left + size - 0.5, box.Bottom, label, size, "start", Palette.Muted, rotate: -90, halo: true);
            }
            else
            {
                double y = layout.Y.Pixel(line.Value);
                (SvgBox box, bool covers) = placer.Place(new[] { 0.985, 0.015, 0.5, 0.75, 0.25 }.SelectMany(t => new[] { -3.0 - height, 3.0 }
                    .Select(dy => new SvgBox(plot.Left + t * (plot.Width - width), y + dy, width, height))));
                if (covers) Ground(canvas, box);
                canvas.Text(box.Left, box.Top + size, label, size, "start", Palette.Muted, halo: true);
            }
        }
        foreach (ReferenceLine line in lines)
        {
            if (line.Vertical) placer.OccupySegment(layout.X.Pixel(line.Value), plot.Top, layout.X.Pixel(line.Value), plot.Bottom);
            else placer.OccupySegment(plot.Left, layout.Y.Pixel(line.Value), plot.Right, layout.Y.Pixel(line.Value));
        }
        canvas.Close("g");
    }

    /// <summary>Writes the names of points that ask for it beside them, where they cover the least.</summary>
    public static void PointLabels(SvgCanvas canvas, SvgLayout layout, Figure figure, LabelPlacer placer)
    {
        double size = layout.FontSize - 1, height = size + 2;
        foreach (ScatterSeries points in figure.Series.OfType<ScatterSeries>().Where(s => s.NamesShown))
        {
            for (int i = 0; i < points.X.Count; i++)
            {
                if (!layout.X.Contains(points.X[i]) || !layout.Y.Contains(points.Y[i])) continue;
                (double x, double y) = (layout.X.Pixel(points.X[i]), layout.Y.Pixel(points.Y[i]));
                string label = TextMetrics.Shorten(points.PointNames![i], size, layout.Plot.Width / 2);
                double width = TextMetrics.Width(label, size);
                // Beside the point first, then in the quarters between its intervals, above and below; then further away on all sides.
                IEnumerable<SvgBox> places = new[] { 7.0, 14, 22, 32, 44 }.SelectMany(d => new SvgBox[]
                {
                    new(x + d, y - height / 2, width, height), new(x - d - width, y - height / 2, width, height),
                    new(x + 4, y - d - height / 2, width, height), new(x + 4, y + d - height / 2, width, height),
                    new(x - 4 - width, y - d - height / 2, width, height), new(x - 4 - width, y + d - height / 2, width, height),
                    new(x - width / 2, y - d - height, width, height), new(x - width / 2, y + d, width, height),
                });
                (SvgBox box, _) = placer.Place(places);
                if (Math.Abs(box.Top + height / 2 - y) > 15 || Math.Max(box.Left - x, x - box.Right) > 15)
                    canvas.Line(x, y, Math.Clamp(x, box.Left, box.Right), Math.Clamp(y, box.Top, box.Bottom), Palette.Frame, 0.8);
                canvas.Text(box.Left, box.Top + size, label, size, halo: true);
            }
        }
    }

    /// <summary>Writes the statistics into the corner with the least data.</summary>
    public static void Statistics(SvgCanvas canvas, SvgLayout layout, Figure figure, LabelPlacer placer)
    {
        if (figure.Statistics.Count == 0) return;
        SvgBox plot = layout.Plot;
        double size = layout.FontSize - 1, row = size + 4;
        string[] lines = [.. figure.Statistics.Select(s => TextMetrics.Shorten(s, size, plot.Width - 20))];
        double width = lines.Max(l => TextMetrics.Width(l, size)), height = lines.Length * row;
        double left = plot.Left + 10, right = plot.Right - 10 - width, top = plot.Top + 8, bottom = plot.Bottom - 8 - height;
        (SvgBox box, _) = placer.Place([new(left, top, width, height), new(right, bottom, width, height), new(right, top, width, height), new(left, bottom, width, height)]);
        canvas.Open("g", ("class", "statistics"));
        for (int i = 0; i < lines.Length; i++) canvas.Text(box.Left, box.Top + size + i * row, lines[i], size, halo: true);
        canvas.Close("g");
    }

    /// <summary>A white ground under a label that had no free place.</summary>
    private static void Ground(SvgCanvas canvas, SvgBox box) => canvas.Element("rect", ("x", box.Left - 2), ("y", box.Top), ("width", box.Width + 4), ("height", box.Height), ("rx", 2),
        ("fill", "#ffffff"), ("fill-opacity", 0.9));

    private static bool Visible(SvgLayout layout, ReferenceLine line) => line.Vertical ? layout.X.Contains(line.Value) : layout.Y.Contains(line.Value);
}
