namespace Flextron.Workbench.Figures;

/// <summary>Named data of a <see cref="Figure"/>. The kind of the series decides how it is drawn.</summary>
/// <param name="Name">What the legend and the data file call it.</param>
public abstract record FigureSeries(string Name)
{
    /// <summary>Throws unless the series can be drawn in <paramref name="figure"/>.</summary>
    internal abstract void Validate(Figure figure);

    /// <summary>Every value along the x (or y) axis that the range must cover; may hold NaN.</summary>
    internal abstract IEnumerable<double> Extent(bool x);

    /// <summary>Whether the y axis must reach zero, because areas are compared.</summary>
    internal virtual bool NeedsZero => false;

    /// <summary>Adds the rows of this series to the data table.</summary>
    internal abstract void AddRows(Figure figure, FigureTable table);

    /// <summary>An exception whose message names the figure and the series.</summary>
    protected FlextronException Invalid(Figure figure, string what) =>
        new($"Figure \"{figure?.Title}\", series \"{Name}\": {what}");

    internal void RequireEqualLengths(Figure figure, int expected, IReadOnlyList<double>? values, string what)
    {
        if (values is not null && values.Count != expected)
            throw Invalid(figure, $"{expected} points but {values.Count} {what}; give one for each point.");
    }

    internal void RequireInterval(Figure figure, IReadOnlyList<double>? lower, IReadOnlyList<double>? upper)
    {
        if (lower is null != upper is null) throw Invalid(figure, "an interval needs both a lower and an upper end; give both or neither.");
    }

    internal void RequirePositive(Figure figure, Axis axis, IReadOnlyList<double> values)
    {
        if (!axis.IsLogarithmic) return;
        for (int i = 0; i < values.Count; i++)
            if (values[i] <= 0)
                throw Invalid(figure, FormattableString.Invariant($"the value {values[i]} cannot stand on the logarithmic axis \"{axis.Label}\"; use a linear axis."));
    }
}
