namespace Flextron.Latency;

/// <summary>One row of a latency table: a block part at one width.</summary>
/// <param name="Width">Key/value groups or neurons.</param>
/// <param name="CostMs">What predictions use: the whole workload's share of one such part, monotone over widths and calibrated.</param>
/// <param name="Prefill">Raw timings of one pass over the prompt.</param>
/// <param name="DecodeStep">Raw timings of one decode step at the mean context length; null without generation.</param>
public sealed record LatencyEntry(int Width, double CostMs, Quartiles Prefill, Quartiles? DecodeStep);
