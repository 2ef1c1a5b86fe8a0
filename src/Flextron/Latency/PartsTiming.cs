namespace Flextron.Latency;

/// <summary>
/// One pass of each kind, cut into parts: the fixed one (embedding, final norm, head) first, then attention and MLP of each block in turn.
/// </summary>
/// <param name="PrefillMs">The pass over the prompt.</param>
/// <param name="StepsMs">Decode steps at the mean context length; empty where nothing is generated.</param>
public sealed record PartsTiming(double[] PrefillMs, IReadOnlyList<double[]> StepsMs);
