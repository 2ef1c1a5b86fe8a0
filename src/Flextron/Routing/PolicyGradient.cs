using Flextron.Elastic;
using Flextron.Models;
using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing;

/// <summary>
/// The score-function estimate of the gradient of an expected loss over independently drawn choices (REINFORCE, Williams 1992):
/// <c>∇ E[loss] = E[(loss − b)·∇ log p(network)]</c> for any b that does not depend on the draw.
/// </summary>
public static class PolicyGradient
{
    /// <summary>Log-probability of networks under independent layers; differentiable.</summary>
    /// <param name="logChoices_BR">Log-probabilities of all choices, a row per network.</param>
    /// <param name="space">The choices.</param>
    /// <param name="networks">B networks.</param>
    /// <returns>logp_B.</returns>
    public static Tensor LogProbabilities(Tensor logChoices_BR, ElasticSpace space, IReadOnlyList<SubNetwork> networks)
    {
        ArgumentNullException.ThrowIfNull(logChoices_BR);
        ArgumentNullException.ThrowIfNull(networks);
        float[] taken = networks.SelectMany(n => ChoiceVector.OneHot(space, n)).ToArray();
        Tensor taken_BR = NativeTensor.Of(taken, networks.Count, ChoiceVector.Length(space)).to(logChoices_BR.dtype);
        return (taken_BR * logChoices_BR).sum(1);
    }

    /// <summary>A scalar whose gradient is the estimate: the mean of advantage · log p.</summary>
    /// <param name="logProbabilities_B">Of the drawn networks.</param>
    /// <param name="advantages">Loss minus baseline of each; constants.</param>
    public static Tensor Objective(Tensor logProbabilities_B, IReadOnlyList<double> advantages)
    {
        ArgumentNullException.ThrowIfNull(logProbabilities_B);
        return (NativeTensor.Of(advantages.ToArray(), logProbabilities_B.dtype, logProbabilities_B.device) * logProbabilities_B).mean();
    }
}
