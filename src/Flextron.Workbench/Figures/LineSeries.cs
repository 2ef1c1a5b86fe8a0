namespace Flextron.Workbench.Figures;

/// <summary>Points joined in the order given, with markers and, where known, an interval at every point. NaN in <paramref name="Y"/> leaves a gap.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="X">Position of each point in the x axis' unit.</param>
/// <param name="Y">Value of each point in the y axis' unit.</param>
public sealed record LineSeries(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y) : FigureSeries(Name)
{
    /// <summary>Lower end of each point's interval (not the distance); NaN where unknown.</summary>
    public IReadOnlyList<double>? Lower { get; init; }

    /// <summary>Upper end of each point's interval (not the distance); NaN where unknown.</summary>
    public IReadOnlyList<double>? Upper { get; init; }

    /// <summary>How the interval is drawn.</summary>
    public IntervalMark Intervals { get; init; }

    /// <summary>Holds each value until the next point instead of sloping towards it.</summary>
    public bool Steps { get; init; }

    /// <summary>Window in points (an even one counts as the next odd) of a centred moving average, drawn strong over the pale raw line; 0 or 1 for none. For noisy curves.</summary>
    public int Smoothing { get; init; }

    /// <summary>The centred moving average over <see cref="Smoothing"/> points, the window narrowing evenly towards both ends so that slopes stay where they are; the values themselves without smoothing.</summary>
    public IReadOnlyList<double> Smoothed()
    {
        if (Smoothing <= 1) return Y;
        var smoothed = new double[Y.Count];
        for (int i = 0; i < smoothed.Length; i++)
        {
            double sum = 0;
            int count = 0;
            int half = Math.Min(Smoothing / 2, Math.Min(i, smoothed.Length - 1 - i));
            for (int j = i - half; j <= i + half; j++)
                if (double.IsFinite(Y[j])) { sum += Y[j]; count++; }
            smoothed[i] = count == 0 ? double.NaN : sum / count;
        }
        return smoothed;
    }

    internal override void Validate(Figure figure)
    {
        RequireEqualLengths(figure, X.Count, Y, "values");
        RequireEqualLengths(figure, X.Count, Lower, "lower ends");
        RequireEqualLengths(figure, X.Count, Upper, "upper ends");
        RequireInterval(figure, Lower, Upper);
        RequirePositive(figure, figure.X, X);
        RequirePositive(figure, figure.Y, Y);
    }

    internal override IEnumerable<double> Extent(bool x) => x ? X : Y.Concat(Lower ?? []).Concat(Upper ?? []);

    internal override void AddRows(Figure figure, FigureTable table)
    {
        IReadOnlyList<double>? smoothed = Smoothing > 1 ? Smoothed() : null;
        for (int i = 0; i < X.Count; i++)
        {
            FigureTable.FigureRow row = table.Add().Text("series", Name);
            if (figure.X.Categories is { } names) row.Text(table.XName, names[(int)X[i]]);
            else row.Number(table.XName, X[i]);
            row.Number(table.YName, Y[i]);
            if (Lower is not null) row.Number("lower", Lower[i]).Number("upper", Upper![i]);
            if (smoothed is not null) row.Number("smoothed", smoothed[i]);
        }
    }
}
