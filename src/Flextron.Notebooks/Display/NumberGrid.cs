using System.Globalization;

namespace Flextron.Notebooks.Display;

/// <summary>Numbers in rows and columns; of large ones the corners.</summary>
internal static class NumberGrid
{
    private const int MostRows = 12, MostColumns = 10;

    /// <summary>A grid of numbers.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="value">The number at a place.</param>
    /// <param name="note">What it is.</param>
    public static TextGrid Of(int rows, int columns, Func<int, int, double> value, string note)
    {
        int[] shownRows = Shown(rows, MostRows), shownColumns = Shown(columns, MostColumns);
        return new TextGrid(
            [.. shownColumns.Select(c => c < 0 ? "…" : c.ToString(CultureInfo.InvariantCulture))],
            [.. shownRows.Select(r => shownColumns.Select(c => r < 0 || c < 0 ? "…" : Text(value(r, c))).ToArray())],
            note);
    }

    /// <summary>A number in six digits.</summary>
    public static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);

    // The first and the last ones, and -1 for what is between.
    internal static int[] Shown(int count, int most) =>
        count <= most ? [.. Enumerable.Range(0, count)] : [.. Enumerable.Range(0, most / 2), -1, .. Enumerable.Range(count - most / 2, most / 2)];
}
