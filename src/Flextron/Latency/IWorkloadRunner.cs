using Flextron.Models;

namespace Flextron.Latency;

/// <summary>
/// Runs one workload with any sub-network of one model, and times it. What executes the model (libtorch, another engine, libtorch for the
/// prompt and another engine for decoding) is the runner's business; a table says which one it was measured with and serves no other.
/// </summary>
public interface IWorkloadRunner : IDisposable
{
    /// <summary>What the measured times depend on, the engine included.</summary>
    LatencyKey Key { get; }

    /// <summary>The real path: prompt, then every decode step. Allocating caches and cutting slices is not timed.</summary>
    WorkloadTiming Whole(SubNetwork network);

    /// <summary>
    /// The same calls with the clock read between parts, so that each part runs with the processor's caches and the allocator in the state in
    /// which the parts before it leave them.
    /// </summary>
    PartsTiming Parts(SubNetwork network);
}
