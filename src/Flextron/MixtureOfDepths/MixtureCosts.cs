using Flextron.Latency;
using Flextron.Models;

namespace Flextron.MixtureOfDepths;

/// <summary>Operations and memory of a Mixture-of-Depths model, counted: a routed block computes k tokens of a sequence, which attend among themselves.</summary>
/// <param name="config">The network.</param>
/// <param name="settings">Which blocks route, and how many tokens pass.</param>
public sealed class MixtureCosts(ModelConfig config, MixtureSettings settings)
{
    private readonly HashSet<int> routed = [.. settings.RoutedBlocks(config.BlockCount)];

    /// <summary>Floating-point operations of one sequence's forward pass with logits at every position: two per multiply-add, routers and predictors included.</summary>
    /// <param name="time">T.</param>
    /// <param name="network">Which slice; the whole by default.</param>
    public double ForwardFlops(int time, SubNetwork? network = null)
    {
        network ??= SubNetwork.Full(config);
        int width = network.Width ?? config.HiddenSize;
        ICostTable Costs(int tokens) => AnalyticCosts.Flops(config, new LatencyWorkload(1, tokens)).ForWidth(network.Width);
        (ICostTable all, ICostTable some) = (Costs(time), Costs(settings.Tokens(time)));
        double predictor = settings.Trains(CausalSampler.Predictor) ? settings.PredictorNeurons * (width + 2.0) : 0;
        double sum = time * all.Fixed;
        for (int i = 0; i < network.Blocks.Length; i++)
        {
            BlockShape shape = network.Blocks[i];
            if (!shape.IsKept) continue;
            ICostTable costs = routed.Contains(i) ? some : all;
            sum += costs.Attention(i, shape.KvGroups) + costs.Mlp(i, shape.Neurons);
            if (routed.Contains(i)) sum += 2.0 * time * (width + predictor);
        }
        return sum;
    }

    /// <summary>Keys and values of a sequence of T tokens as a share of the dense network's, at the set capacity.</summary>
    /// <param name="time">T.</param>
    public double CacheShare(int time) => (config.BlockCount - routed.Count + routed.Count * (double)settings.Tokens(time) / time) / config.BlockCount;
}
