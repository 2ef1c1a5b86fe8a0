using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Notebooks.Display;

namespace Flextron.Notebooks.Documents;

/// <summary>Outputs in the form that notebook files keep and Jupyter's messages carry.</summary>
public static class CellOutputs
{
    /// <summary>Content by MIME type, texts as lists of lines or as they are.</summary>
    /// <param name="bundle">The forms.</param>
    /// <param name="asLines">Lists of lines, as in files.</param>
    public static JsonObject Data(MimeBundle bundle, bool asLines)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var data = new JsonObject();
        foreach ((string mimeType, string content) in bundle.Data.OrderBy(d => d.Key, StringComparer.Ordinal))
            data[mimeType] = MimeTypes.IsJson(mimeType) && Json(content) is { } json ? json : asLines ? NotebookJson.Lines(content) : JsonValue.Create(content);
        return data;
    }

    internal static JsonObject Display(MimeBundle bundle) => new() { ["output_type"] = "display_data", ["data"] = Data(bundle, asLines: true), ["metadata"] = new JsonObject() };

    internal static JsonObject Result(MimeBundle bundle, int number) => new()
    {
        ["output_type"] = "execute_result", ["data"] = Data(bundle, asLines: true), ["metadata"] = new JsonObject(), ["execution_count"] = number,
    };

    internal static JsonObject Stream(string name, string text) => new() { ["output_type"] = "stream", ["name"] = name, ["text"] = NotebookJson.Lines(text) };

    internal static JsonObject Error(CellError error)
    {
        JsonObject content = ErrorContent(error);
        content["output_type"] = "error";
        return content;
    }

    internal static JsonObject ErrorContent(CellError error) => new()
    {
        ["ename"] = error.Name, ["evalue"] = error.Message, ["traceback"] = new JsonArray([.. error.Trace.Select(l => (JsonNode?)JsonValue.Create(l))]),
    };

    private static JsonNode? Json(string content)
    {
        try
        {
            return JsonNode.Parse(content);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
