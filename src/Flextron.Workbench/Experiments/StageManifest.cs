using System.Text.Json.Nodes;

namespace Flextron.Workbench.Experiments;

/// <summary>Says of an entry of the store what it is and which files belong to it; <c>stage.json</c>, written last.</summary>
internal sealed record StageManifest(
    string Stage,
    int Version,
    string Key,
    JsonNode? Settings,
    IReadOnlyList<StageManifest.InputRecord> Inputs,
    DateTimeOffset FinishedUtc,
    double Seconds,
    IReadOnlyList<StageFile> Files,
    int Threads = 0)
{
    internal sealed record InputRecord(string Name, string Hash);
}
