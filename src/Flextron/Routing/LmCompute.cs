using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Routing;

/// <summary>Floating-point operations that training routers spends in the LM, so that methods are compared at equal compute.</summary>
public static class LmCompute
{
    /// <summary>Forward passes with a loss at every position.</summary>
    /// <param name="config">The model.</param>
    /// <param name="network">The slice that runs.</param>
    /// <param name="sequences">Sequences in all.</param>
    /// <param name="length">Tokens of each.</param>
    public static double Forward(ModelConfig config, SubNetwork network, long sequences, int length)
    {
        ArgumentNullException.ThrowIfNull(config);
        // The table counts the head for each sequence's last position only; a loss needs it everywhere.
        return sequences * (AnalyticCosts.Flops(config, new LatencyWorkload(1, length)).Cost(network) + (length - 1.0) * 2 * config.HiddenSize * config.VocabularySize);
    }

    /// <summary>Forward and backward passes through frozen weights: gradients of activations cost as much as the forward pass, those of weights are not computed.</summary>
    public static double FrozenStep(ModelConfig config, SubNetwork network, long sequences, int length) => 2 * Forward(config, network, sequences, length);
}
