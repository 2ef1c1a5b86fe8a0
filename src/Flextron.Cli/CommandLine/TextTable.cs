namespace Flextron.Cli.CommandLine;

/// <summary>Rows of text in aligned columns: the first to the left, the others to the right.</summary>
internal static class TextTable
{
    /// <summary>Writes a table.</summary>
    public static void Write(TextWriter writer, IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<string>[] lines = [header, .. rows];
        int[] widths = [.. Enumerable.Range(0, header.Count).Select(c => lines.Max(l => l[c].Length))];
        foreach (IReadOnlyList<string> line in lines)
            writer.WriteLine(string.Join("  ", line.Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd());
    }
}
