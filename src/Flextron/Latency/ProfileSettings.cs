namespace Flextron.Latency;

/// <summary>How carefully to measure.</summary>
public sealed record ProfileSettings
{
    /// <summary>Rounds at least; each gives every width one sample per block.</summary>
    public int MinimumRounds { get; init; } = 5;

    /// <summary>Rounds at most.</summary>
    public int MaximumRounds { get; init; } = 200;

    /// <summary>Rounds go on until this much time is spent (or one of the limits is reached).</summary>
    public double Seconds { get; init; } = 8;

    /// <summary>
    /// Rounds beyond the minimum leave out the whole runs whose median is known this well, a standard error as a share of it; once all are, timing ends.
    /// The time left then goes to those that were disturbed. 0 times all alike until the time is spent. A table, whose rounds are whole, is measured until
    /// all of its calibration networks' whole runs are known this well.
    /// </summary>
    public double Precision { get; init; }

    /// <summary>No round begins beyond this much time, not even one of the least; the first always runs.</summary>
    public double MaximumSeconds { get; init; } = double.PositiveInfinity;

    /// <summary>Untimed running before the first round, so that code is compiled and libtorch's caches are filled.</summary>
    public double WarmUpSeconds { get; init; } = 0.5;

    /// <summary>Sub-networks, besides the smallest and the largest, whose whole runs calibrate the table.</summary>
    public int CalibrationNetworks { get; init; } = 6;

    /// <summary>A whole run shorter than this is repeated inside one sample.</summary>
    public double MinimumWindowMs { get; init; } = 2;

    /// <summary>Seed of orders, token ids and calibration networks.</summary>
    public long Seed { get; init; }

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="FlextronException">One is out of range.</exception>
    public ProfileSettings Validated()
    {
        if (MinimumRounds < 1 || MaximumRounds < MinimumRounds)
            throw new FlextronException($"Profiling in {MinimumRounds} to {MaximumRounds} rounds is not possible: give at least 1, and a maximum not below the minimum.");
        if (!(Precision >= 0) || !double.IsFinite(Precision)) throw new FlextronException("Profiling to a negative precision is not possible: give 0 or more.");
        if (!(Seconds >= 0) || !(MaximumSeconds >= 0) || !(WarmUpSeconds >= 0) || !(MinimumWindowMs >= 0) || CalibrationNetworks < 0)
            throw new FlextronException("Profiling times and counts cannot be negative: correct the settings.");
        return this;
    }
}
