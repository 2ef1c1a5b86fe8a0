using System.Globalization;
using Deedle;

namespace Flextron.Workbench.Reports;

/// <summary>A table of texts and numbers; numbers stand right-aligned, missing values as a dash.</summary>
public sealed class ReportTable
{
    private const string Missing = "–";
    private readonly object?[][] _cells;

    /// <summary>A table from rows of cells.</summary>
    /// <param name="columns">The columns.</param>
    /// <param name="rows">One cell per column: text, any number, <see cref="PlusMinus"/>, bool or null.</param>
    /// <param name="caption">What the table shows, or null.</param>
    /// <exception cref="FlextronException">A row has too many or too few cells.</exception>
    public ReportTable(IReadOnlyList<ReportColumn> columns, IEnumerable<IReadOnlyList<object?>> rows, string? caption = null)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(rows);
        Columns = columns;
        Caption = caption;
        _cells = [.. rows.Select(r => r.ToArray())];
        int odd = Array.FindIndex(_cells, r => r.Length != columns.Count);
        if (columns.Count == 0) throw new FlextronException("A table needs at least one column.");
        if (odd >= 0) throw new FlextronException($"Row {odd + 1} of the table \"{caption}\" has {_cells[odd].Length} cells for {columns.Count} columns; give one for each.");
        RightAligned = [.. columns.Select((_, c) => _cells.Any(r => Number(r[c]) is not null) && _cells.All(r => r[c] is not (string or bool)))];
        Rows = [.. _cells.Select(r => (IReadOnlyList<string>)[.. r.Select((cell, c) => Text(cell, columns[c].Format))])];
        Bold = [.. columns.Select((_, c) => BestRows(c))];
    }

    /// <summary>The columns.</summary>
    public IReadOnlyList<ReportColumn> Columns { get; }

    /// <summary>What the table shows, or null.</summary>
    public string? Caption { get; }

    /// <summary>The cells as they are written.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows { get; }

    /// <summary>For each column whether it holds numbers.</summary>
    internal IReadOnlyList<bool> RightAligned { get; }

    /// <summary>For each column the rows set in bold.</summary>
    internal IReadOnlyList<IReadOnlySet<int>> Bold { get; }

    internal static string Heading(ReportColumn column) => column.Heading ?? column.Name;

    /// <summary>A table from a data frame.</summary>
    /// <param name="frame">The data.</param>
    /// <param name="columns">Which columns in which order and format; empty takes all as they are.</param>
    /// <param name="caption">What the table shows, or null.</param>
    /// <exception cref="FlextronException">The frame lacks a column.</exception>
    public static ReportTable FromFrame<TRow>(Frame<TRow, string> frame, IReadOnlyList<ReportColumn>? columns = null, string? caption = null) where TRow : notnull
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (columns is null or { Count: 0 }) columns = [.. frame.ColumnKeys.Select(k => new ReportColumn(k))];
        foreach (string name in columns.SelectMany(c => c.Error is null ? [c.Name] : new[] { c.Name, c.Error }))
            if (!frame.ColumnKeys.Contains(name))
                throw new FlextronException($"The table has no column \"{name}\" to report; it has {string.Join(", ", frame.ColumnKeys)}.");
        var values = columns.Select(c => (Value: frame.GetColumn<object>(c.Name), Error: c.Error is null ? null : frame.GetColumn<object>(c.Error))).ToArray();
        return new ReportTable(columns, frame.RowKeys.Select(key => (IReadOnlyList<object?>)[.. values.Select(v => Cell(v.Value, v.Error, key))]), caption);
    }

    private static object? Cell<TRow>(Series<TRow, object> values, Series<TRow, object>? errors, TRow key) where TRow : notnull
    {
        object? value = At(values);
        return errors is not null && Number(value) is { } v && Number(At(errors)) is { } e ? new PlusMinus(v, e) : value;

        object? At(Series<TRow, object> series) => series.TryGet(key) is { HasValue: true } found ? found.Value : null;
    }

    private static double? Number(object? cell) => cell switch
    {
        PlusMinus p => p.Value,
        null or string or bool or char or DateTime or DateTimeOffset or TimeSpan or Enum => null,
        IConvertible number => number.ToDouble(CultureInfo.InvariantCulture),
        _ => null,
    };

    private static string Text(object? cell, string? format) => cell switch
    {
        null => Missing,
        // A format that shows the sign of the value has none for its uncertainty.
        PlusMinus p => $"{Text(p.Value, format)} ± {Text(p.Error, format).TrimStart('+')}",
        double.NaN or float.NaN => Missing,
        bool b => b ? "yes" : "no",
        string s => s,
        _ when Number(cell) is not null => ((IFormattable)cell).ToString(format, CultureInfo.InvariantCulture).Replace('-', '−'),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => cell.ToString() ?? Missing,
    };

    private HashSet<int> BestRows(int column)
    {
        BestValue rule = Columns[column].Best;
        double[] values = [.. _cells.Select(r => Number(r[column]) ?? double.NaN)];
        if (rule == BestValue.Unmarked || !values.Any(double.IsFinite)) return [];
        double best = rule == BestValue.Smallest ? values.Where(double.IsFinite).Min() : values.Where(double.IsFinite).Max();
        return [.. Enumerable.Range(0, values.Length).Where(i => values[i] == best)];
    }
}
