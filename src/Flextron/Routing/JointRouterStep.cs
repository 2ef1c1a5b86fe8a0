using Flextron.Models;

namespace Flextron.Routing;

/// <summary>What one joint step did on the routers' side.</summary>
/// <param name="Step">Steps done, from 1.</param>
/// <param name="Targets">Normalised targets drawn.</param>
/// <param name="Networks">Networks drawn for them.</param>
/// <param name="FullLoss">The whole network's training loss on the batch.</param>
/// <param name="Losses">The drawn networks' training losses on the same batch.</param>
/// <param name="Excess">Mean expected latency over target, as a share of the latency range.</param>
public sealed record JointRouterStep(
    int Step, IReadOnlyList<double> Targets, IReadOnlyList<SubNetwork> Networks, double FullLoss, IReadOnlyList<double> Losses, double Excess);
