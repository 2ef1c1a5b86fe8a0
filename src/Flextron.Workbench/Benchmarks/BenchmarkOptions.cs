namespace Flextron.Workbench.Benchmarks;

/// <summary>How long benchmarks measure.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Rounds in which every case runs once in turn; odd, so that the median is one of them.</summary>
    public int Rounds { get; init; } = 15;

    /// <summary>A case shorter than this is repeated within a round until it takes as long, in ms.</summary>
    public double MinimumSampleMs { get; init; } = 20;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range.</exception>
    public BenchmarkOptions Validated()
    {
        if (Rounds < 1) throw new FlextronException($"A benchmark of {Rounds} rounds measures nothing: give 1 or more.");
        if (!(MinimumSampleMs >= 0)) throw new FlextronException($"A sample of {MinimumSampleMs} ms is not possible: give 0 or more.");
        return this;
    }
}
