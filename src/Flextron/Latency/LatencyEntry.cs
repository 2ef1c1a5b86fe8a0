namespace Flextron.Latency;

/// <summary>One row of a latency table: a block part at one width.</summary>
/// <param name="Width">Key/value groups or neurons.</param>
/// <param name="CostMs">What predictions of the whole workload use: <paramref name="PrefillMs"/> plus <paramref name="StepMs"/> for every generated token.</param>
/// <param name="PrefillMs">The prompt's share of one such part, monotone over widths and calibrated.</param>
/// <param name="StepMs">The same of one decode step at the mean context length; 0 without generation.</param>
/// <param name="Prefill">Raw timings of one pass over the prompt.</param>
/// <param name="DecodeStep">Raw timings of one decode step; null without generation.</param>
public sealed record LatencyEntry(int Width, double CostMs, double PrefillMs, double StepMs, Quartiles Prefill, Quartiles? DecodeStep);
