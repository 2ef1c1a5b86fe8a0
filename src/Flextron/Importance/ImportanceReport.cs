using Flextron.Storage;

namespace Flextron.Importance;

/// <summary>How far importance scores can be relied on, and what they cost. All variants come from the same pass.</summary>
/// <param name="Metric">The variant that orders the neurons.</param>
/// <param name="Tokens">Calibration tokens.</param>
/// <param name="Windows">Windows they were cut into, each read once.</param>
/// <param name="ForwardPasses">Forward passes made.</param>
/// <param name="Seconds">Time they took.</param>
/// <param name="Subsets">Disjoint parts of the text whose scores are compared.</param>
/// <param name="Blocks">Block by block.</param>
/// <param name="Channels">Spread of the scores of the residual channels.</param>
/// <param name="ChannelsAcrossSubsets">Mean rank correlation of these scores between subsets; null with one subset.</param>
public sealed record ImportanceReport(
    NeuronMetric Metric,
    long Tokens,
    long Windows,
    long ForwardPasses,
    double Seconds,
    int Subsets,
    IReadOnlyList<BlockImportanceReport> Blocks,
    ScoreSpread Channels,
    double? ChannelsAcrossSubsets)
{
    /// <summary>The file's name inside a ranking folder.</summary>
    public const string FileName = "importance-report.json";

    /// <summary>Writes the report into a ranking folder.</summary>
    public void Save(string folder) => FlextronJson.WriteFile(Path.Combine(folder, FileName), this);
}
