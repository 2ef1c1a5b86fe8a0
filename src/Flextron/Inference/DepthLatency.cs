using Flextron.Latency;

namespace Flextron.Inference;

/// <summary>Latencies of tokens that pass a number of routed blocks.</summary>
/// <param name="Passed">The number.</param>
/// <param name="PrefillMs">The whole prompt.</param>
/// <param name="StepMs">A generated token.</param>
public sealed record DepthLatency(int Passed, Quartiles PrefillMs, Quartiles StepMs);
