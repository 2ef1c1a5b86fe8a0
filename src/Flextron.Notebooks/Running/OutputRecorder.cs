using System.Text;
using System.Text.Json.Nodes;
using Flextron.Notebooks.Display;
using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Sessions;

namespace Flextron.Notebooks.Running;

/// <summary>Collects a cell's outputs for the notebook file. Nobody is there to answer questions.</summary>
/// <param name="number">The cell's execution count.</param>
/// <param name="shared">Displays of the whole run by identifier, so that a later cell can update them.</param>
/// <param name="echo">Told of console text; null for nobody.</param>
internal sealed class OutputRecorder(int number, Dictionary<string, JsonObject> shared, Action<string>? echo) : ICellOutput
{
    private readonly Lock gate = new();
    private readonly List<Entry> entries = [];
    private readonly ConsoleLimit limit = new();

    public void Stream(string name, string text)
    {
        lock (gate)
        {
            if (limit.Take(text) is not { } kept) return;
            if (entries.Count > 0 && entries[^1].Stream == name) entries[^1].Text!.Append(kept);
            else entries.Add(new Entry(name, new StringBuilder(kept), null));
        }
        echo?.Invoke(text);
    }

    public void Display(MimeBundle bundle, string? displayId)
    {
        JsonObject output = displayId is null ? CellOutputs.Result(bundle, number) : CellOutputs.Display(bundle);
        lock (gate) entries.Add(new Entry(null, null, output));
        if (displayId is null) return;
        lock (shared) shared[displayId] = output;
    }

    public void Update(MimeBundle bundle, string displayId)
    {
        lock (shared)
        {
            if (shared.TryGetValue(displayId, out JsonObject? output)) output["data"] = CellOutputs.Data(bundle, asLines: true);
        }
    }

    public string Input(string prompt, bool password, CancellationToken cancellation) =>
        throw new FlextronException($"input(\"{prompt}\") has nobody to ask in a headless run: make it a parameter, and set it with --param.");

    /// <summary>What was shown, and the error where there was one.</summary>
    public JsonArray ToJson(CellError? error)
    {
        lock (gate)
        {
            // A task that still writes when its cell has ended has written too late.
            JsonArray outputs = [.. entries.Select(e => (JsonNode?)(e.Output ?? CellOutputs.Stream(e.Stream!, e.Text!.ToString())))];
            entries.Clear();
            if (error is not null) outputs.Add((JsonNode)CellOutputs.Error(error));
            return outputs;
        }
    }

    private sealed record Entry(string? Stream, StringBuilder? Text, JsonObject? Output);
}
