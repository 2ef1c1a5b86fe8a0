using Flextron.Models;

namespace Flextron.Selection;

/// <summary>A sub-network and its measured loss.</summary>
/// <param name="Network">The network.</param>
/// <param name="Loss">Nats per token.</param>
public sealed record MeasuredNetwork(SubNetwork Network, double Loss);
