using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flextron.Notebooks.Display;
using Flextron.Storage;

namespace Flextron.Notebooks.Documents;

/// <summary>The figures of an executed notebook as files: every output that is a picture with its numbers.</summary>
public static partial class NotebookFigures
{
    private const int LongestTitle = 60;

    /// <summary>Writes <c>CELL-TITLE.svg</c> and <c>CELL-TITLE.csv</c> for every figure, cells counted as they run, from 01.</summary>
    /// <param name="document">An executed notebook.</param>
    /// <param name="folder">Where; created if needed. Other files in it are left alone.</param>
    /// <returns>The names without extension, in the notebook's order.</returns>
    /// <exception cref="FlextronException">The folder cannot be written.</exception>
    public static IReadOnlyList<string> Save(NotebookDocument document, string folder)
    {
        ArgumentNullException.ThrowIfNull(document);
        var names = new List<string>();
        NotebookCell[] cells = [.. document.Cells.Where(c => c.IsCode && !c.Tags.Contains(NotebookCell.InjectedTag))];
        for (int i = 0; i < cells.Length; i++)
        {
            foreach (JsonObject output in cells[i].Outputs)
            {
                if (output["data"] is not JsonObject data || data[MimeTypes.Svg] is not { } svg || data[MimeTypes.Csv] is not { } csv) continue;
                string picture = NotebookJson.Text(svg), plain = string.Create(CultureInfo.InvariantCulture, $"{i + 1:00}-{Plain(Title().Match(picture).Groups[1].Value)}"), name = plain;
                for (int n = 2; names.Contains(name); n++) name = string.Create(CultureInfo.InvariantCulture, $"{plain}-{n}");
                AtomicFile.WriteAllText(Path.Combine(folder, name + ".svg"), picture);
                AtomicFile.WriteAllText(Path.Combine(folder, name + ".csv"), NotebookJson.Text(csv));
                names.Add(name);
            }
        }
        return names;
    }

    // The title comes from outside: only letters and digits of ASCII reach the file's name.
    private static string Plain(string title)
    {
        string words = Others().Replace(WebUtility.HtmlDecode(title).ToLowerInvariant(), "-").Trim('-');
        return words.Length == 0 ? "figure" : words.Length <= LongestTitle ? words : words[..LongestTitle].TrimEnd('-');
    }

    [GeneratedRegex("<title[^>]*>([^<]{0,500})")]
    private static partial Regex Title();

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Others();
}
