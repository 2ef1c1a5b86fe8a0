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

    internal override void Validate(Figure figure)
    {
        RequireEqualLengths(figure, X.Count, Y, "y values");
        if (PointNames is not null && PointNames.Count != X.Count)
            throw Invalid(figure, $"{X.Count} points but {PointNames.Count} names; give one for each point.");
        if (NamesShown && PointNames is null) throw Invalid(figure, "its points have no names to show; set PointNames.");
        RequirePositive(figure, figure.X, X);
        RequirePositive(figure, figure.Y, Y);
    }

    internal override IEnumerable<double> Extent(bool x) => x ? X : Y;

    internal override void AddRows(Figure figure, FigureTable table)
    {
        for (int i = 0; i < X.Count; i++)
        {
            FigureTable.Row row = table.Add().Text("series", Name);
            if (PointNames is not null) row.Text("point", PointNames[i]);
            if (figure.X.Categories is { } names) row.Text(table.XName, names[(int)X[i]]);
            else row.Number(table.XName, X[i]);
            row.Number(table.YName, Y[i]);
        }
    }
}
