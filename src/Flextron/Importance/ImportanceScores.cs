using System.Text.Json.Serialization;
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
    /// <summary>
    /// C scores of the residual channels: Σ over blocks, both norms and tokens of |norm(x)_c|, the magnitude at which attention and MLP read the
    /// channel (the embedding-channel score of Muralidharan et al., arXiv 2407.14679). Null in files of older versions.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Channels { get; init; }

    /// <summary>The blocks by iterative removal, where that was measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BlockRanking? Depth { get; init; }

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
        fits &= scores.Channels is null || (scores.Channels.Count == config.HiddenSize && scores.Channels.All(double.IsFinite));
        fits &= scores.Depth is null || (scores.Depth.Order is { IsDefault: false } order && order.Order().SequenceEqual(Enumerable.Range(0, config.BlockCount)));
        if (!fits) throw new FlextronException($"{file} was not made for a model of {config.BlockCount} blocks, {config.KvGroupCount} key/value groups, {config.NeuronCount} neurons and {config.HiddenSize} channels: run `flextron rank` on this model.");
        return scores;
    }

    /// <summary>The order that puts the highest scores first.</summary>
    /// <param name="channels">Whether the residual channels are ordered as well.</param>
    /// <exception cref="FlextronException">Channels are wanted and have no scores.</exception>
    public ImportanceOrder Order(bool channels = false)
    {
        if (channels && Channels is null)
            throw new FlextronException("This ranking has no scores of the residual channels, which cutting the residual width needs: run `flextron rank` again.");
        return ImportanceOrder.Descending(Blocks.Select(b => b.KvGroups), Blocks.Select(b => b.Neurons)) with { Channels = channels ? ImportanceOrder.Sort(Channels!) : null };
    }

    /// <summary>Writes the scores into a ranking folder.</summary>
    public void Save(string folder) => FlextronJson.WriteFile(Path.Combine(folder, FileName), this);
}
