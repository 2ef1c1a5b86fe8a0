namespace Flextron.Evaluation;

/// <summary>How <see cref="ContinuationScorer"/> fills its batches; none of it changes a score by more than float32 rounding.</summary>
public sealed record ScorerSettings
{
    /// <summary>Most tokens in a batch, padding included. A single longer row still runs, alone.</summary>
    public int BatchTokens { get; init; } = 4096;

    /// <summary>Most rows in a batch.</summary>
    public int BatchRows { get; init; } = 256;

    /// <summary>
    /// Most logits (positions × vocabulary) of a batch, so that a large vocabulary does not exhaust memory: 2²⁶ float32 values are 256 MiB. Where the
    /// model computes logits at picked positions only, those are counted, else all.
    /// </summary>
    public long BatchLogits { get; init; } = 1L << 26;

    /// <summary>Checks the values.</summary>
    /// <exception cref="FlextronException">A value is not positive.</exception>
    public void Validate()
    {
        if (BatchTokens < 1 || BatchRows < 1 || BatchLogits < 1)
            throw new FlextronException($"Scoring needs positive batch limits, not tokens {BatchTokens}, rows {BatchRows}, logits {BatchLogits}: raise them.");
    }
}
