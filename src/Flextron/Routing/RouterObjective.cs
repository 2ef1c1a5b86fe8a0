using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing;

/// <summary>
/// What the routers minimise (FLEXTRON, ICML 2024, section 4.2), averaged over targets:
/// <c>S(r(T)) + λ·max(Latency_soft(r(T)) − T, 0) / (full − smallest latency) + η·entropy(r(T))</c>.
/// </summary>
/// <param name="Total">Differentiable scalar.</param>
/// <param name="Loss">Mean standardised loss.</param>
/// <param name="Excess">Mean latency over target, as a share of the range between smallest and whole network.</param>
/// <param name="Entropy">Mean entropy per layer, as a share of the largest possible.</param>
public sealed record RouterObjective(Tensor Total, Tensor Loss, Tensor Excess, Tensor Entropy)
{
    /// <summary>Evaluates the objective; the result belongs to the caller's dispose scope.</summary>
    /// <param name="routers">Trained.</param>
    /// <param name="surrogate">Frozen.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="targets_B">Normalised targets.</param>
    /// <param name="temperature">Of the choice probabilities.</param>
    /// <param name="latencyWeight">λ, in standard deviations of the loss.</param>
    /// <param name="entropyWeight">η, in standard deviations of the loss.</param>
    public static RouterObjective Of(
        StaticRouters routers, Surrogate surrogate, RoutingCosts costs, Tensor targets_B, double temperature, double latencyWeight, double entropyWeight)
    {
        ArgumentNullException.ThrowIfNull(routers);
        ArgumentNullException.ThrowIfNull(surrogate);
        ArgumentNullException.ThrowIfNull(targets_B);
        Tensor logChoices_BR = routers.LogChoices(targets_B, temperature), choices_BR = logChoices_BR.exp();
        Tensor loss = surrogate.Standardised(choices_BR).mean();
        Tensor excess = Excesses(costs, choices_BR, targets_B).mean();
        double most = ChoiceVector.Layers(routers.Space).Sum(k => Math.Log(k));
        Tensor entropy = -(choices_BR * logChoices_BR).sum(1).mean() / Math.Max(most, 1e-9);
        return new RouterObjective(loss + latencyWeight * excess + entropyWeight * entropy, loss, excess, entropy);
    }

    /// <summary>Expected latency over target of each row, as a share of the range between smallest and whole network; differentiable.</summary>
    public static Tensor Excesses(RoutingCosts costs, Tensor choices_BR, Tensor targets_B)
    {
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(targets_B);
        return ((costs.Soft(choices_BR) - costs.Smallest) / (costs.Full - costs.Smallest) - targets_B).relu();
    }
}
