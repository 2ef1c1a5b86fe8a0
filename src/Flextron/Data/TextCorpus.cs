using System.Text;
using System.Text.Json;

namespace Flextron.Data;

/// <summary>Reads the documents of a text corpus.</summary>
public static class TextCorpus
{
    /// <summary>The line that separates documents in a plain text file.</summary>
    public const string Separator = "<|endoftext|>";

    private const int ParagraphDocument = 2000;

    /// <summary>
    /// Documents of a file, in order: a <c>.jsonl</c> file gives its <c>text</c> fields; a text file is cut at <see cref="Separator"/> or, where it has
    /// none, at blank lines into pieces of at least 2,000 characters.
    /// </summary>
    /// <exception cref="FlextronException">The file is missing, empty, or a JSON line has no text.</exception>
    public static IReadOnlyList<string> Documents(string path)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no corpus at {path}: give a text or .jsonl file.");
        string[] documents;
        try
        {
            documents = path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) ? JsonLines(path).ToArray() : Cut(File.ReadAllText(path)).ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{path} cannot be read: {e.Message}", e);
        }
        if (documents.Length == 0) throw new FlextronException($"The corpus {path} is empty: give a file with text in it.");
        return documents;
    }

    /// <summary>Cuts a text as <see cref="Documents"/> does.</summary>
    public static IEnumerable<string> Cut(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Contains(Separator, StringComparison.Ordinal))
            return text.Split(Separator).Select(d => d.Trim()).Where(d => d.Length > 0);
        return Paragraphs(text);
    }

    private static IEnumerable<string> Paragraphs(string text)
    {
        var document = new StringBuilder();
        foreach (string paragraph in text.ReplaceLineEndings("\n").Split("\n\n"))
        {
            if (paragraph.Trim().Length > 0) document.Append(document.Length > 0 ? "\n\n" : "").Append(paragraph.Trim('\n'));
            if (document.Length < ParagraphDocument) continue;
            yield return document.ToString();
            document.Clear();
        }
        if (document.Length > 0) yield return document.ToString();
    }

    private static IEnumerable<string> JsonLines(string path)
    {
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0) continue;
            string? text;
            try
            {
                using JsonDocument json = JsonDocument.Parse(line);
                text = json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("text", out JsonElement field) ? field.GetString() : null;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw new FlextronException($"{path} line {number} is not JSON with a text: {e.Message}", e);
            }
            yield return text ?? throw new FlextronException($"{path} line {number} has no field \"text\".");
        }
    }
}
