using Flextron.Importance;

namespace Flextron.Elastic;

/// <summary>What <c>elastic.json</c> says about a family: which prefixes are legal, and where the order came from.</summary>
/// <param name="Format">Version of this file.</param>
/// <param name="Space">Legal widths.</param>
/// <param name="Source">SHA-256 of the checkpoint the family was made from.</param>
/// <param name="Metric">How neurons were ranked.</param>
/// <param name="CalibrationTokens">Tokens used for ranking.</param>
/// <param name="CalibrationHash">SHA-256 of their ids.</param>
/// <param name="TrainedSteps">Steps of joint training so far.</param>
public sealed record FamilyManifest(
    int Format, ElasticSpace Space, string Source, NeuronMetric Metric, long CalibrationTokens, string CalibrationHash, int TrainedSteps = 0)
{
    /// <summary>The text it was ranked on, where that came from a file: routing uses it unless told otherwise.</summary>
    public string? CorpusPath { get; init; }

    /// <summary>The version written now.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The file's name inside a family folder.</summary>
    public const string FileName = "elastic.json";
}
