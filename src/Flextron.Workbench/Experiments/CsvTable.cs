using System.Globalization;
using System.Text;
using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>Writes tables as comma-separated values (RFC 4180, invariant numbers that read back exactly).</summary>
public static class CsvTable
{
    /// <summary>The text of a table.</summary>
    /// <param name="header">Column names.</param>
    /// <param name="rows">Cells: texts, numbers, booleans or null for an empty cell; as many as there are columns.</param>
    /// <exception cref="ArgumentException">A row of another length.</exception>
    public static string Format(IReadOnlyList<string> header, IEnumerable<IReadOnlyList<object?>> rows)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(rows);
        var text = new StringBuilder();
        AppendLine(text, header);
        foreach (IReadOnlyList<object?> row in rows)
        {
            if (row.Count != header.Count) throw new ArgumentException($"A row has {row.Count} cells and the header {header.Count}.", nameof(rows));
            AppendLine(text, row.Select(c => Convert.ToString(c, CultureInfo.InvariantCulture) ?? ""));
        }
        return text.ToString();
    }

    /// <summary>Writes a table to a file, atomically.</summary>
    public static void Write(string path, IReadOnlyList<string> header, IEnumerable<IReadOnlyList<object?>> rows) =>
        AtomicFile.WriteAllText(path, Format(header, rows));

    private static void AppendLine(StringBuilder text, IEnumerable<string> cells) =>
        text.AppendJoin(',', cells.Select(c => c.AsSpan().IndexOfAny(",\"\r\n") < 0 ? c : $"\"{c.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")).Append('\n');
}
