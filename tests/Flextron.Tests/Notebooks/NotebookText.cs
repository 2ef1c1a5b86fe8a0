using System.Text.Json;

namespace Flextron.Tests.Notebooks;

/// <summary>Notebook files made of code cells; a cell that begins with "# " is Markdown, one that begins with "@tag:" is tagged.</summary>
internal static class NotebookText
{
    public static string Of(params string[] cells) => JsonSerializer.Serialize(new
    {
        cells = cells.Select(Cell),
        metadata = new { kernelspec = new { display_name = ".NET (C#)", language = "C#", name = ".net-csharp" } },
        nbformat = 4,
        nbformat_minor = 5,
    });

    public static string Write(TemporaryFolder folder, string name, params string[] cells)
    {
        string path = Path.Combine(folder.Path, name);
        File.WriteAllText(path, Of(cells));
        return path;
    }

    private static object Cell(string text, int index)
    {
        if (text.StartsWith("# ", StringComparison.Ordinal)) return new { cell_type = "markdown", id = $"c{index}", metadata = new { }, source = text };
        string[] tags = [];
        if (text.StartsWith('@'))
        {
            int end = text.IndexOf(':', StringComparison.Ordinal);
            tags = [text[1..end]];
            text = text[(end + 1)..];
        }
        return new { cell_type = "code", id = $"c{index}", execution_count = (int?)null, metadata = new { tags }, outputs = Array.Empty<object>(), source = text };
    }
}
