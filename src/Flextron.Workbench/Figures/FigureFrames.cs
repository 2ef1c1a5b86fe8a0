using Deedle;

namespace Flextron.Workbench.Figures;

/// <summary>Makes series of figures from data frames.</summary>
public static class FigureFrames
{
    /// <summary>One line per value of a column, points in row order; rows without x or y are left out.</summary>
    /// <param name="frame">The data.</param>
    /// <param name="x">Numeric column of positions.</param>
    /// <param name="y">Numeric column of values.</param>
    /// <param name="by">Column that names the line of each row; null makes one line called like <paramref name="y"/>.</param>
    /// <param name="lower">Numeric column of the intervals' lower ends, or null.</param>
    /// <param name="upper">Numeric column of the intervals' upper ends, or null.</param>
    /// <exception cref="FlextronException">A named column is missing.</exception>
    public static IReadOnlyList<LineSeries> Lines<TRow>(Frame<TRow, string> frame, string x, string y, string? by = null, string? lower = null, string? upper = null)
        where TRow : notnull
    {
        ArgumentNullException.ThrowIfNull(frame);
        foreach (string? column in new[] { x, y, by, lower, upper })
            if (column is not null && !frame.ColumnKeys.Contains(column))
                throw new FlextronException($"The table has no column \"{column}\" to draw; it has {string.Join(", ", frame.ColumnKeys)}.");
        Series<TRow, double> xs = frame.GetColumn<double>(x), ys = frame.GetColumn<double>(y);
        Series<TRow, object>? names = by is null ? null : frame.GetColumn<object>(by);
        Series<TRow, double>? lows = lower is null ? null : frame.GetColumn<double>(lower), highs = upper is null ? null : frame.GetColumn<double>(upper);
        var groups = new Dictionary<string, List<TRow>>();
        var order = new List<string>();
        foreach (TRow key in frame.RowKeys)
        {
            if (!xs.TryGet(key).HasValue || !ys.TryGet(key).HasValue) continue;
            string name = names is null ? y : names.TryGet(key) is { HasValue: true } n ? FormattableString.Invariant($"{n.Value}") : "";
            if (!groups.TryGetValue(name, out List<TRow>? rows))
            {
                groups.Add(name, rows = []);
                order.Add(name);
            }
            rows.Add(key);
        }
        return
        [
            .. order.Select(name => new LineSeries(name, Values(xs, groups[name]), Values(ys, groups[name]))
            {
                Lower = lows is null ? null : Values(lows, groups[name]),
                Upper = highs is null ? null : Values(highs, groups[name]),
            }),
        ];
    }

    private static double[] Values<TRow>(Series<TRow, double> column, List<TRow> rows) where TRow : notnull =>
        [.. rows.Select(r => column.TryGet(r) is { HasValue: true } v ? v.Value : double.NaN)];
}
