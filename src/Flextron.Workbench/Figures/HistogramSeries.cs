using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.Figures;

/// <summary>How often values fall between successive edges. Several series lie over each other, so share the edges.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="Edges">n + 1 ascending bin edges in the x axis' unit.</param>
/// <param name="Heights">n counts, shares or densities.</param>
public sealed record HistogramSeries(string Name, IReadOnlyList<double> Edges, IReadOnlyList<double> Heights) : FigureSeries(Name)
{
    internal override bool NeedsZero => true;

    /// <summary>Histograms of several groups over one common set of round edges; each height is the share (0 to 1) of its group.</summary>
    /// <param name="groups">Name and values of each group; values that are not finite are left out.</param>
    /// <param name="bins">About how many bins; null takes the Freedman-Diaconis rule, h = 2·IQR·n^(-1/3), over all values, held between 8 and 60 bins.</param>
    /// <exception cref="FlextronException">There is no finite value.</exception>
    public static IReadOnlyList<HistogramSeries> Shares(IEnumerable<(string Name, IReadOnlyList<double> Values)> groups, int? bins = null)
    {
        var finite = groups.Select(g => (g.Name, Values: g.Values.Where(double.IsFinite).ToArray())).ToArray();
        double[] all = [.. finite.SelectMany(g => g.Values)];
        if (all.Length == 0) throw new FlextronException("A histogram needs at least one finite value; check the measurement that was to be drawn.");
        double[] edges = RoundEdges(all, bins);
        return [.. finite.Select(g => new HistogramSeries(g.Name, edges, Share(g.Values, edges)))];
    }

    private static double[] RoundEdges(double[] values, int? bins)
    {
        double minimum = values.Min(), maximum = values.Max();
        if (minimum == maximum)
        {
            double half = minimum == 0 ? 0.5 : Math.Abs(minimum) * 0.05;
            (minimum, maximum) = (minimum - half, maximum + half);
        }
        double span = maximum - minimum;
        double width = 2 * Statistics.InterquartileRange(values) / Math.Cbrt(values.Length);
        double count = bins ?? (width > 0 ? Math.Clamp(span / width, 8, 60) : 20);
        double step = Ticks.RoundStep(span / Math.Max(1, count));
        double first = Math.Floor(minimum / step);
        int n = Math.Max(1, (int)Math.Ceiling(maximum / step - first - 1e-9));
        return [.. Enumerable.Range(0, n + 1).Select(i => (first + i) * step)];
    }

    private static double[] Share(double[] values, double[] edges)
    {
        var heights = new double[edges.Length - 1];
        double step = edges[1] - edges[0];
        foreach (double value in values)
            heights[Math.Clamp((int)Math.Floor((value - edges[0]) / step), 0, heights.Length - 1)] += 1.0 / values.Length;
        return heights;
    }

    internal override void Validate(Figure figure)
    {
        if (figure.X.Categories is not null) throw Invalid(figure, "a histogram needs a numeric x axis; remove Axis.Categories.");
        if (Edges.Count != Heights.Count + 1)
            throw Invalid(figure, $"{Heights.Count} bins need {Heights.Count + 1} edges but there are {Edges.Count}.");
        for (int i = 1; i < Edges.Count; i++)
            if (!(Edges[i] > Edges[i - 1])) throw Invalid(figure, "bin edges must ascend; sort them and remove repeats.");
        RequirePositive(figure, figure.X, Edges);
        if (figure.Y.IsLogarithmic) throw Invalid(figure, "empty bins cannot stand on a logarithmic y axis; use a linear axis.");
    }

    internal override IEnumerable<double> Extent(bool x) => x ? Edges : Heights;

    internal override void AddRows(Figure figure, FigureTable table)
    {
        for (int i = 0; i < Heights.Count; i++)
            table.Add().Text("series", Name).Number("from", Edges[i]).Number("to", Edges[i + 1]).Number(table.YName, Heights[i]);
    }
}
