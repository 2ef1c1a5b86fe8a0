namespace Flextron.Latency;

/// <summary>Whole runs of several sub-networks, interleaved, spells of slowness divided out.</summary>
/// <param name="Total">Milliseconds per workload of each network, in the order given.</param>
/// <param name="Prefill">The prompt's part.</param>
/// <param name="Decode">The part of all decode steps; zeros where nothing is generated.</param>
/// <param name="Reference">The reference network, run in between throughout; null where there was none.</param>
public sealed record EndToEndTimings(IReadOnlyList<Quartiles> Total, IReadOnlyList<Quartiles> Prefill, IReadOnlyList<Quartiles> Decode, Quartiles? Reference)
{
    /// <summary>
    /// Median latencies at the speed that the machine had when a table was made: divided by the reference's measured over its table latency.
    /// </summary>
    /// <param name="referenceTableMs">The reference network's latency by the table.</param>
    /// <exception cref="InvalidOperationException">No reference was run.</exception>
    public IReadOnlyList<double> AtTableSpeed(double referenceTableMs)
    {
        double slowdown = Slowdown(referenceTableMs);
        return [.. Total.Select(q => q.Median / slowdown)];
    }

    /// <summary>How many times its table latency the reference network took.</summary>
    /// <param name="referenceTableMs">The reference network's latency by the table.</param>
    /// <exception cref="InvalidOperationException">No reference was run.</exception>
    public double Slowdown(double referenceTableMs) =>
        (Reference ?? throw new InvalidOperationException("These timings have no reference network.")).Median / referenceTableMs;
}
