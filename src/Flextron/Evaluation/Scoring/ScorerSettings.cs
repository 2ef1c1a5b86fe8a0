using System.Globalization;

namespace Flextron.Evaluation.Scoring;

/// <summary>How batches are filled; none of it changes a score by more than float32 rounding.</summary>
public sealed record ScorerSettings
{
    /// <summary>Most tokens in a batch, padding included. A single longer row still runs, alone.</summary>
    public int BatchTokens { get; init; } = 2048;

    /// <summary>Most rows in a batch.</summary>
    public int BatchRows { get; init; } = 256;

    /// <summary>Places whose logits are computed at a time; null for as many as give half a million logits, but at least 64.</summary>
    public int? HeadRows { get; init; }

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
        if (BatchTokens < 1 || BatchRows < 1 || HeadRows < 1 || AttentionLength < 1 || Workers < 1)
            throw new FlextronException($"Scoring needs positive limits, not tokens {BatchTokens}, rows {BatchRows}, head rows {Said(HeadRows)}, attention length {AttentionLength}, workers {Said(Workers)}: raise them.");
    }

    /// <summary>Places at a time for a vocabulary.</summary>
    internal int HeadRowsFor(int vocabularySize) => HeadRows ?? Math.Max(64, (1 << 19) / vocabularySize);

    private static string Said(int? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "not set";
}
