namespace Flextron.Workbench.Figures;

/// <summary>One bar for each category of the x axis; several series stand side by side.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="Values">Height of each category's bar in the y axis' unit; NaN leaves it out.</param>
public sealed record BarSeries(string Name, IReadOnlyList<double> Values) : FigureSeries(Name)
{
    /// <summary>Lower end of each bar's interval (not the distance); null for none.</summary>
    public IReadOnlyList<double>? Lower { get; init; }

    /// <summary>Upper end of each bar's interval (not the distance); null for none.</summary>
    public IReadOnlyList<double>? Upper { get; init; }

    internal override bool NeedsZero => true;

    internal override void Validate(Figure figure)
    {
        int categories = figure.X.Categories?.Count ?? throw Invalid(figure, "bars need categories on the x axis; set Axis.Categories.");
        RequireEqualLengths(figure, categories, Values, "bars");
        RequireEqualLengths(figure, categories, Lower, "lower ends");
        RequireEqualLengths(figure, categories, Upper, "upper ends");
        RequireInterval(figure, Lower, Upper);
        RequirePositive(figure, figure.Y, Values);
    }

    internal override IEnumerable<double> Extent(bool x) => x ? [] : Values.Concat(Lower ?? []).Concat(Upper ?? []);

    internal override void AddRows(Figure figure, FigureTable table)
    {
        for (int i = 0; i < Values.Count; i++)
        {
            FigureTable.FigureRow row = table.Add().Text("series", Name).Text(table.XName, figure.X.Categories![i]).Number(table.YName, Values[i]);
            if (Lower is not null) row.Number("lower", Lower[i]).Number("upper", Upper![i]);
        }
    }
}
