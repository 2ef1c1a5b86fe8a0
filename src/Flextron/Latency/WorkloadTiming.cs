namespace Flextron.Latency;

/// <summary>One timed run of a workload.</summary>
/// <param name="PrefillMs">The prompt.</param>
/// <param name="DecodeMs">All decode steps together; 0 where nothing is generated.</param>
public readonly record struct WorkloadTiming(double PrefillMs, double DecodeMs)
{
    /// <summary>Prompt and decode steps.</summary>
    public double TotalMs => PrefillMs + DecodeMs;
}
