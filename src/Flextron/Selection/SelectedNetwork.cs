using Flextron.Models;

namespace Flextron.Selection;

/// <summary>The sub-network chosen for a budget, and what it costs.</summary>
/// <param name="SubNetwork">The choices.</param>
/// <param name="Cost">Cost by the table that the budget is in.</param>
/// <param name="Unit">Unit of <paramref name="Cost"/>.</param>
/// <param name="PredictedLoss">Loss by the layer-separable model, nats per token; null without sensitivities.</param>
/// <param name="PredictedMs">Latency by the table, where there is one.</param>
/// <param name="Parameters">Parameters it uses.</param>
/// <param name="Bytes">Bytes of its weights and KV cache.</param>
public sealed record SelectedNetwork(
    SubNetwork SubNetwork, double Cost, string Unit, double? PredictedLoss, double? PredictedMs, long Parameters, long Bytes);
