namespace Flextron.Workbench.Figures;

/// <summary>Finds places for labels inside the plot where they cover the least data.</summary>
internal sealed class LabelPlacer(SvgBox plot)
{
    private readonly List<(double X, double Y)> _occupied = [];

    /// <summary>Marks a point as drawn upon.</summary>
    public void Occupy(double x, double y) => _occupied.Add((x, y));

    /// <summary>Marks everything along a segment as drawn upon.</summary>
    public void OccupySegment(double x1, double y1, double x2, double y2)
    {
        double length = Math.Sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1));
        if (!double.IsFinite(length)) return;
        int pieces = Math.Clamp((int)(length / 5), 1, 400);
        for (int i = 0; i <= pieces; i++) Occupy(x1 + (x2 - x1) * i / pieces, y1 + (y2 - y1) * i / pieces);
    }

    /// <summary>The candidate inside the plot that covers the fewest drawn points, the earlier one where equal, and whether it covers any; it is then occupied itself.</summary>
    public (SvgBox Box, bool Covers) Place(IEnumerable<SvgBox> candidates)
    {
        SvgBox best = default;
        int fewest = int.MaxValue;
        foreach (SvgBox box in candidates)
        {
            bool inside = box.Left >= plot.Left && box.Right <= plot.Right && box.Top >= plot.Top && box.Bottom <= plot.Bottom;
            int covered = _occupied.Count(p => box.Contains(p.X, p.Y, 3)) + (inside ? 0 : 1_000_000);
            if (covered >= fewest) continue;
            fewest = covered;
            best = box;
        }
        for (double y = best.Top; y <= best.Bottom; y += 4) OccupySegment(best.Left, y, best.Right, y);
        return (best, fewest > 0);
    }
}
