namespace Flextron.Importance;

/// <summary>How importance is measured.</summary>
public sealed record ImportanceSettings
{
    /// <summary>Tokens used, from the start of the text.</summary>
    public int MaximumTokens { get; init; } = 65536;

    /// <summary>Windows per forward pass; sums are in float64, so it does not change the scores.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Tokens per window; the model's context where 0 or longer than it.</summary>
    public int WindowLength { get; init; } = 256;

    /// <summary>Disjoint parts of the text whose scores are kept apart, to see how far they agree; window i belongs to part i mod this.</summary>
    public int Subsets { get; init; } = 1;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public ImportanceSettings Validated()
    {
        if (MaximumTokens < 1) throw new FlextronException($"A calibration of {MaximumTokens} tokens is not possible: give 1 or more.");
        if (BatchSize < 1) throw new FlextronException($"A batch of {BatchSize} windows is not possible: give 1 or more.");
        if (Subsets < 1) throw new FlextronException($"{Subsets} calibration subsets are not possible: give 1 or more.");
        return this;
    }
}
