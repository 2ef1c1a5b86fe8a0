namespace Flextron.Workbench.Figures;

/// <summary>Unjoined points.</summary>
/// <param name="Name">What the legend calls them.</param>
/// <param name="X">Position of each point in the x axis' unit.</param>
/// <param name="Y">Position of each point in the y axis' unit.</param>
public sealed record ScatterSeries(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y) : FigureSeries(Name)
{
    /// <summary>What each point is, shown on hovering in the interactive figure and kept in the data file; null for none.</summary>
    public IReadOnlyList<string>? PointNames { get; init; }

    /// <summary>Writes each point's name beside it in the static picture too; for a few points.</summary>
    public bool NamesShown { get; init; }

    /// <summary>Lower end of each point's vertical interval (not the distance); NaN where unknown.</summary>
    public IReadOnlyList<double>? Lower { get; init; }

    /// <summary>Upper end of each point's vertical interval (not the distance); NaN where unknown.</summary>
    public IReadOnlyList<double>? Upper { get; init; }

    /// <summary>Left end of each point's horizontal interval (not the distance); NaN where unknown.</summary>
    public IReadOnlyList<double>? Left { get; init; }

    /// <summary>Right end of each point's horizontal interval (not the distance); NaN where unknown.</summary>
    public IReadOnlyList<double>? Right { get; init; }

    internal override void Validate(Figure figure)
    {
        RequireEqualLengths(figure, X.Count, Y, "y values");
        RequireEqualLengths(figure, X.Count, Lower, "lower ends");
        RequireEqualLengths(figure, X.Count, Upper, "upper ends");
        RequireEqualLengths(figure, X.Count, Left, "left ends");
        RequireEqualLengths(figure, X.Count, Right, "right ends");
        RequireInterval(figure, Lower, Upper);
        RequireInterval(figure, Left, Right);
        if (PointNames is not null && PointNames.Count != X.Count)
            throw Invalid(figure, $"{X.Count} points but {PointNames.Count} names; give one for each point.");
        if (NamesShown && PointNames is null) throw Invalid(figure, "its points have no names to show; set PointNames.");
        RequirePositive(figure, figure.X, X);
        RequirePositive(figure, figure.Y, Y);
    }

    internal override IEnumerable<double> Extent(bool x) => x ? [.. X, .. Left ?? [], .. Right ?? []] : [.. Y, .. Lower ?? [], .. Upper ?? []];

    internal override void AddRows(Figure figure, FigureTable table)
    {
        for (int i = 0; i < X.Count; i++)
        {
            FigureTable.FigureRow row = table.Add().Text("series", Name);
            if (PointNames is not null) row.Text("point", PointNames[i]);
            if (figure.X.Categories is { } names) row.Text(table.XName, names[(int)X[i]]);
            else row.Number(table.XName, X[i]);
            row.Number(table.YName, Y[i]);
            if (Left is not null) row.Number("left", Left[i]).Number("right", Right![i]);
            if (Lower is not null) row.Number("lower", Lower[i]).Number("upper", Upper![i]);
        }
    }
}
