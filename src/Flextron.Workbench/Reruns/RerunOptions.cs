namespace Flextron.Workbench.Reruns;

/// <summary>How a run is repeated.</summary>
public sealed record RerunOptions
{
    /// <summary>How far apart numbers may be to count as agreeing: |now − before| up to this times the larger of 1 and their magnitudes. 0 asks for the same bits.</summary>
    public double Tolerance { get; init; } = 1e-4;

    /// <summary>Goes on where data or models are not those that were recorded; the numbers then cannot be expected to agree.</summary>
    public bool AcceptsChangedInputs { get; init; }

    /// <summary>Threads that libtorch computes every stage with; null takes those that were recorded.</summary>
    public int? Threads { get; init; }

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public RerunOptions Validated()
    {
        if (!(Tolerance >= 0 && double.IsFinite(Tolerance))) throw new FlextronException(FormattableString.Invariant($"The tolerance is {Tolerance}: give 0 for the same bits, or a small number such as 1e-4."));
        if (Threads is < 1) throw new FlextronException($"The number of threads is {Threads}: give 1 or more, or leave it out for the recorded one.");
        return this;
    }
}
