using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flextron.Notebooks.Documents;

/// <summary>The habits of notebook files: texts as lists of lines, one space of indentation.</summary>
internal static class NotebookJson
{
    private static readonly JsonWriterOptions Style = new() { Indented = true, IndentSize = 1, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A text that may be written as a list of lines.</summary>
    public static string Text(JsonNode? node) => node switch
    {
        JsonArray lines => string.Concat(lines.Select(Text)),
        JsonValue value when value.TryGetValue(out string? text) => text,
        _ => "",
    };

    /// <summary>A text as a list of lines that keep their line breaks.</summary>
    public static JsonArray Lines(string text)
    {
        var lines = new JsonArray();
        int from = 0;
        while (from < text.Length)
        {
            int at = text.IndexOf('\n', from), next = at < 0 ? text.Length : at + 1;
            lines.Add((JsonNode?)JsonValue.Create(text[from..next]));
            from = next;
        }
        return lines;
    }

    /// <summary>The file's text.</summary>
    public static string Write(JsonObject notebook)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Style)) notebook.WriteTo(writer);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }
}
