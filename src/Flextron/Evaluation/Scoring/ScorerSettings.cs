using System.Globalization;

namespace Flextron.Evaluation.Scoring;

/// <summary>How batches are filled; none of it changes a score by more than float32 rounding.</summary>
public sealed record ScorerSettings
{
    /// <summary>Most tokens in a batch, padding included. A single longer row still runs, alone.</summary>
    public int BatchTokens { get; init; } = 2048;

    /// <summary>Most rows in a batch.</summary>
    public int BatchRows { get; init; } = 256;

    /// <summary>Most logits (scored places × vocabulary) of the batches that are computed at one time, so that a large vocabulary does not exhaust memory: 2²⁶ float32 values are 256 MiB.</summary>
    public long BatchLogits { get; init; } = 1L << 26;

    /// <summary>Batches computed side by side; null leaves that to the model.</summary>
    public int? Workers { get; init; }

    /// <summary>Whether requests share what they begin with; off, every request is a row of its own, for comparison.</summary>
    public bool SharePrefixes { get; init; } = true;

    /// <summary>
    /// Tokens of a row at which attention costs as much as all the rest. It weighs the tokens that sharing saves against the attention between branches
    /// that a wider tree wastes. Measured on small models; larger ones are less sensitive.
    /// </summary>
    public int AttentionLength { get; init; } = 512;

    /// <summary>Checks the values.</summary>
    /// <exception cref="FlextronException">A value is not positive.</exception>
    public void Validate()
    {
        if (BatchTokens < 1 || BatchRows < 1 || BatchLogits < 1 || AttentionLength < 1 || Workers < 1)
            throw new FlextronException($"Scoring needs positive limits, not tokens {BatchTokens}, rows {BatchRows}, logits {BatchLogits}, attention length {AttentionLength}, workers {Workers?.ToString(CultureInfo.InvariantCulture) ?? "as the model says"}: raise them.");
    }
}
