using System.Text.Json.Serialization;

namespace Flextron.Evaluation;

/// <summary>How one document came out.</summary>
/// <param name="Index">Place in file order, from 0.</param>
/// <param name="Subject">MMLU's subject, else null.</param>
/// <param name="Gold">Index of the right choice.</param>
/// <param name="Predicted">Choice with the greatest summed log-probability; −1 for a last word that is not the greedy one.</param>
/// <param name="Correct">Whether the document counts for <c>acc</c>.</param>
/// <param name="CorrectNormalized">The same with log-probability per code point (<c>acc_norm</c>).</param>
/// <param name="CorrectPerByte">The same with log-probability per UTF-8 byte (<c>acc_bytes</c>).</param>
/// <param name="LogProbabilities">Summed log-probability of each continuation.</param>
/// <param name="ScoredTokens">Tokens summed for each continuation.</param>
/// <param name="Margin">Log-probability of the right choice minus that of the best other one; null where there is no other.</param>
/// <param name="MarginNormalized">The same of log-probabilities per code point, as <c>acc_norm</c> compares them.</param>
/// <param name="TargetNll">Negative log-probability of the right continuation, in nats.</param>
public sealed record DocumentResult(
    int Index, string? Subject, int Gold, int Predicted, bool Correct, bool CorrectNormalized, bool CorrectPerByte,
    IReadOnlyList<double> LogProbabilities, IReadOnlyList<int> ScoredTokens, double? Margin, double? MarginNormalized, double TargetNll)
{
    /// <summary>Words of a text, else null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Words { get; init; }

    /// <summary>UTF-8 bytes of a text, else null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Bytes { get; init; }
}
