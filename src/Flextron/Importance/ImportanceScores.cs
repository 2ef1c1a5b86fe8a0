using Flextron.Models;
using Flextron.Storage;

namespace Flextron.Importance;

/// <summary>Importance of every head, group and neuron of a model on a calibration text.</summary>
/// <param name="Metric">How neurons were scored.</param>
/// <param name="Tokens">Calibration tokens.</param>
/// <param name="CorpusHash">SHA-256 of their ids.</param>
/// <param name="Blocks">Scores by block.</param>
public sealed record ImportanceScores(NeuronMetric Metric, long Tokens, string CorpusHash, IReadOnlyList<BlockImportance> Blocks)
{
    /// <summary>The calibration text's file, where it came from one: later stages use it unless told otherwise.</summary>
    public string? CorpusPath { get; init; }

    /// <summary>The file's name inside a ranking folder.</summary>
    public const string FileName = "importance.json";

    /// <summary>Reads the scores of a ranking folder (or the file itself) and checks that they fit a model.</summary>
    /// <exception cref="FlextronException">Missing, unreadable, or made for another shape.</exception>
    public static ImportanceScores Load(string path, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        string file = Directory.Exists(path) ? Path.Combine(path, FileName) : path;
        ImportanceScores scores = FlextronJson.ReadFile<ImportanceScores>(file, "importance ranking");
        bool fits = scores.Blocks is { } blocks && blocks.Count == config.BlockCount
            && blocks.All(b => b?.KvGroups?.Count == config.KvGroupCount && b.Neurons?.Count == config.NeuronCount && b.KvGroups.Concat(b.Neurons).All(double.IsFinite));
        if (!fits) throw new FlextronException($"{file} was not made for a model of {config.BlockCount} blocks, {config.KvGroupCount} key/value groups and {config.NeuronCount} neurons: run `flextron rank` on this model.");
        return scores;
    }

    /// <summary>The order that puts the highest scores first.</summary>
    public ImportanceOrder Order() => ImportanceOrder.Descending(Blocks.Select(b => b.KvGroups), Blocks.Select(b => b.Neurons));

    /// <summary>Writes the scores into a ranking folder.</summary>
    public void Save(string folder) => FlextronJson.WriteFile(Path.Combine(folder, FileName), this);
}
