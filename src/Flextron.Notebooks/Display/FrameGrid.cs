using System.Globalization;
using Deedle;
using Flextron.Workbench.Figures;

namespace Flextron.Notebooks.Display;

/// <summary>Deedle's frames and series as tables: the first and the last rows, missing values empty.</summary>
internal static class FrameGrid
{
    private const int MostRows = 20, MostColumns = 24;

    /// <summary>The table of a frame or series.</summary>
    public static TextGrid Of(object value) => value switch
    {
        IFrame frame => frame.Apply(new FrameToGrid()),
        ISeries<int> series => OfSeries(series),
        _ => OfAnySeries(value),
    };

    private static TextGrid OfSeries<TKey>(ISeries<TKey> series) where TKey : notnull =>
        Rows([.. series.Index.Keys], ["value"], (row, _) => series.TryGetObject(row) is { HasValue: true } v ? v.Value : null);

    // Series have no common base beside their key's type: the typed method is chosen at run time.
    private static TextGrid OfAnySeries(object value)
    {
        Type key = value.GetType().GetInterfaces().First(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(ISeries<>)).GetGenericArguments()[0];
        return (TextGrid)typeof(FrameGrid).GetMethod(nameof(OfSeries), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
            .MakeGenericMethod(key).Invoke(null, [value])!;
    }

    private static TextGrid Rows<TRow>(TRow[] keys, string[] columns, Func<TRow, int, object?> value)
    {
        int[] rows = NumberGrid.Shown(keys.Length, MostRows);
        int[] shown = NumberGrid.Shown(columns.Length, MostColumns);
        return new TextGrid(
            ["", .. shown.Select(c => c < 0 ? "…" : columns[c])],
            [.. rows.Select(r => shown.Select(c => r < 0 || c < 0 ? "…" : Text(value(keys[r], c))).Prepend(r < 0 ? "…" : Text(keys[r])).ToArray())],
            $"{keys.Length} rows × {columns.Length} columns");
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        double d => NumberGrid.Text(d),
        float f => NumberGrid.Text(f),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private sealed class FrameToGrid : IFrameOperation<TextGrid>
    {
        public TextGrid Invoke<TRow, TColumn>(Frame<TRow, TColumn> frame)
        {
            TColumn[] columns = [.. frame.ColumnKeys];
            ObjectSeries<TRow>[] data = [.. columns.Select(c => frame.Columns[c])];
            return Rows([.. frame.RowKeys], [.. columns.Select(c => Text(c))], (row, c) => data[c].TryGet(row) is { HasValue: true } v ? v.Value : null);
        }
    }
}
