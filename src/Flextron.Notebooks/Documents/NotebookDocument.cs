using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Notebooks.Documents;

/// <summary>A notebook file (nbformat 4); what this program does not know is kept as it is.</summary>
public sealed class NotebookDocument
{
    private readonly JsonObject json;
    private readonly List<NotebookCell> cells;

    private NotebookDocument(JsonObject json)
    {
        this.json = json;
        cells = [.. json["cells"]!.AsArray().Select(c => new NotebookCell(c!.AsObject()))];
    }

    /// <summary>Its cells, first to last.</summary>
    public IReadOnlyList<NotebookCell> Cells => cells;

    /// <summary>The language of cells that name none.</summary>
    public string Language => NotebookJson.Text(json["metadata"]?["polyglot_notebook"]?["kernelInfo"]?["defaultKernelName"] ?? json["metadata"]?["dotnet_interactive"]?["defaultKernelName"]
        ?? json["metadata"]?["language_info"]?["name"] ?? json["metadata"]?["kernelspec"]?["language"]);

    /// <summary>Reads a file.</summary>
    /// <exception cref="FlextronException">Missing, unreadable, or not a notebook of format 4.</exception>
    public static NotebookDocument Load(string path)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no notebook at {path}: check the path.");
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or InvalidOperationException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{path} is not a readable notebook: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Reads a notebook's text.</summary>
    /// <exception cref="InvalidDataException">It is no notebook.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static NotebookDocument Parse(string text)
    {
        if (JsonNode.Parse(text) is not JsonObject root || root["cells"] is not JsonArray cells) throw new InvalidDataException("it has no list of cells (files before nbformat 4 must be converted)");
        if (root["nbformat"] is not JsonValue version || !version.TryGetValue(out int major) || major != 4) throw new InvalidDataException("only nbformat 4 is known");
        foreach (JsonNode? cell in cells)
        {
            if (cell is not JsonObject o || NotebookJson.Text(o["cell_type"]) is not ("code" or "markdown" or "raw")) throw new InvalidDataException("a cell is neither code nor markdown nor raw");
        }
        return new NotebookDocument(root);
    }

    /// <summary>A copy that can be changed on its own.</summary>
    public NotebookDocument Clone() => new(json.DeepClone().AsObject());

    /// <summary>Adds a code cell.</summary>
    /// <param name="index">Where.</param>
    /// <param name="source">Its text.</param>
    /// <param name="tag">Its tag.</param>
    /// <returns>The new cell.</returns>
    public NotebookCell InsertCode(int index, string source, string tag)
    {
        var node = new JsonObject
        {
            ["cell_type"] = "code",
            ["execution_count"] = null,
            ["metadata"] = new JsonObject { ["tags"] = new JsonArray(JsonValue.Create(tag)) },
            ["outputs"] = new JsonArray(),
            ["source"] = NotebookJson.Lines(source),
        };
        // Cells have names from version 4.5 on.
        if (json["nbformat_minor"] is JsonValue minor && minor.TryGetValue(out int number) && number >= 5) node["id"] = tag;
        var cell = new NotebookCell(node);
        json["cells"]!.AsArray().Insert(index, node);
        cells.Insert(index, cell);
        return cell;
    }

    /// <summary>Removes a cell.</summary>
    public void Remove(NotebookCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        int index = cells.IndexOf(cell);
        json["cells"]!.AsArray().RemoveAt(index);
        cells.RemoveAt(index);
    }

    /// <summary>The file's text.</summary>
    public string ToText() => NotebookJson.Write(json);

    /// <summary>Writes the file; a reader sees the old content or the new, never a part.</summary>
    /// <exception cref="FlextronException">It cannot be written.</exception>
    public void Save(string path) => AtomicFile.WriteAllText(path, ToText());
}
