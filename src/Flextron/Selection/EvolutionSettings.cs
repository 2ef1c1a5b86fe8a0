namespace Flextron.Selection;

/// <summary>Size of an evolutionary search.</summary>
public sealed record EvolutionSettings
{
    /// <summary>Networks alive at a time.</summary>
    public int Population { get; init; } = 16;

    /// <summary>Loss measurements allowed for one target; networks met before, for this or another target, are free.</summary>
    public int Evaluations { get; init; } = 64;

    /// <summary>Probability that a part of a child takes another width.</summary>
    public double MutationRate { get; init; } = 0.15;

    /// <summary>Seed of the whole search.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range.</exception>
    public EvolutionSettings Validated()
    {
        if (Population < 2 || Evaluations < Population)
            throw new FlextronException($"Evolution settings: a population of {Population} and {Evaluations} evaluations, give 2 or more and at least as many evaluations.");
        if (MutationRate is not (>= 0 and <= 1)) throw new FlextronException(FormattableString.Invariant($"Evolution settings: mutationRate is {MutationRate}, give 0 to 1."));
        return this;
    }
}
