using System.Text.Json.Nodes;

namespace Flextron.Notebooks.Documents;

/// <summary>A cell of a notebook file; fields that this program does not know stay as they are.</summary>
public sealed class NotebookCell
{
    /// <summary>The tag of the cell that declares parameters.</summary>
    public const string ParametersTag = "parameters";

    /// <summary>The tag of the cell that sets them.</summary>
    public const string InjectedTag = "injected-parameters";

    /// <summary>The tag of cells whose output differs from run to run: only its kinds are compared.</summary>
    public const string VolatileTag = "volatile";

    internal NotebookCell(JsonObject json) => Json = json;

    internal JsonObject Json { get; }

    /// <summary>Whether it holds code.</summary>
    public bool IsCode => Kind == "code";

    /// <summary><c>code</c>, <c>markdown</c> or <c>raw</c>.</summary>
    public string Kind => NotebookJson.Text(Json["cell_type"]);

    /// <summary>Its text.</summary>
    public string Source
    {
        get => NotebookJson.Text(Json["source"]);
        set => Json["source"] = NotebookJson.Lines(value);
    }

    /// <summary>Its tags.</summary>
    public IReadOnlyList<string> Tags => Json["metadata"]?["tags"] is JsonArray tags ? [.. tags.Select(NotebookJson.Text)] : [];

    /// <summary>The language that the cell names, where it names one.</summary>
    public string? Language => (Json["metadata"]?["polyglot_notebook"]?["kernelName"] ?? Json["metadata"]?["dotnet_interactive"]?["language"]) is { } name ? NotebookJson.Text(name) : null;

    /// <summary>Its outputs as in the file; empty for cells without code.</summary>
    public IReadOnlyList<JsonObject> Outputs => Json["outputs"] is JsonArray outputs ? [.. outputs.OfType<JsonObject>()] : [];

    /// <summary>Replaces the outputs.</summary>
    /// <param name="outputs">In nbformat's form.</param>
    /// <param name="executionCount">The number shown beside the cell; null for one that has not run.</param>
    internal void SetOutputs(JsonArray outputs, int? executionCount)
    {
        Json["outputs"] = outputs;
        Json["execution_count"] = executionCount;
    }
}
