namespace Flextron.Workbench.Figures;

/// <summary>
/// A grid of coloured, labelled cells: rows are the categories of the y axis from the top down, columns the categories of the x axis.
/// Stands alone in its figure.
/// </summary>
/// <param name="Name">What the colours mean, drawn beside the colour bar, such as "MLP width (share of full)".</param>
/// <param name="Values">One list per row; NaN leaves a cell empty.</param>
public sealed record HeatMapSeries(string Name, IReadOnlyList<IReadOnlyList<double>> Values) : FigureSeries(Name)
{
    /// <summary>Number format of the cell labels, invariant culture; the empty string draws none.</summary>
    public string CellFormat { get; init; } = "0.00";

    /// <summary>Value of the palest colour; null takes the smallest value.</summary>
    public double? Minimum { get; init; }

    /// <summary>Value of the darkest colour; null takes the largest value.</summary>
    public double? Maximum { get; init; }

    /// <summary>Ends of the colour scale, never equal.</summary>
    internal (double Minimum, double Maximum) ColourRange()
    {
        double[] finite = [.. Values.SelectMany(r => r).Where(double.IsFinite)];
        double minimum = Minimum ?? (finite.Length == 0 ? 0 : finite.Min()), maximum = Maximum ?? (finite.Length == 0 ? 1 : finite.Max());
        return maximum > minimum ? (minimum, maximum) : (minimum - 0.5, minimum + 0.5);
    }

    internal override void Validate(Figure figure)
    {
        if (figure.X.Categories is not { } columns || figure.Y.Categories is not { } rows)
            throw Invalid(figure, "a heat map needs categories on both axes; set Axis.Categories.");
        if (figure.Series.Count > 1) throw Invalid(figure, "a heat map stands alone in its figure; make a figure for each.");
        if (Values.Count != rows.Count || Values.Any(r => r.Count != columns.Count))
            throw Invalid(figure, $"the cells must form {rows.Count} rows of {columns.Count}, one for each pair of categories.");
    }

    internal override IEnumerable<double> Extent(bool x) => [];

    internal override void AddRows(Figure figure, FigureTable table)
    {
        for (int r = 0; r < Values.Count; r++)
            for (int c = 0; c < Values[r].Count; c++)
                table.Add().Text(table.YName, figure.Y.Categories![r]).Text(table.XName, figure.X.Categories![c]).Number(Name, Values[r][c]);
    }
}
