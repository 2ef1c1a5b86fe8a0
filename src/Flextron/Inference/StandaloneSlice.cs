using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Inference;

/// <summary>Cuts a sub-network out as a model of its own: skipped blocks are left out, and the residual stream is as wide as the sub-network's.</summary>
public static class StandaloneSlice
{
    /// <summary>The shape of a sub-network as a model of its own.</summary>
    /// <param name="config">The whole model.</param>
    /// <param name="subNetwork">What to cut out.</param>
    /// <param name="padded">Whether blocks of different shapes are filled up with zeros to the largest, which computes the same.</param>
    /// <exception cref="FlextronException">Its kept blocks differ, which ordinary checkpoints cannot express, and padding is not wanted; or it keeps no block.</exception>
    public static ModelConfig Config(ModelConfig config, SubNetwork subNetwork, bool padded = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(subNetwork);
        BlockShape[] kept = [.. subNetwork.ValidatedFor(config).Blocks.Where(b => b.IsKept)];
        if (kept.Length == 0) throw new FlextronException($"The sub-network {subNetwork} keeps no block, which no checkpoint can express: keep at least one.");
        (int groups, int neurons) = (kept.Max(b => b.KvGroups), kept.Max(b => b.Neurons));
        if (!padded && kept.Any(b => b != kept[0]))
            throw new FlextronException($"The blocks of {subNetwork} have different widths, which no ordinary checkpoint can express: choose the same widths for every block, or have them padded with zeros.");
        if (!padded && (groups == 0 || neurons == 0))
            throw new FlextronException($"The blocks of {subNetwork} have no {(groups == 0 ? "attention" : "MLP")}, which no ordinary checkpoint can express: keep some of it, or have it padded with zeros.");
        groups = Math.Max(groups, 1);
        return config with
        {
            HiddenSize = subNetwork.Width ?? config.HiddenSize,
            BlockCount = kept.Length,
            HeadCount = groups * config.HeadsPerGroup,
            KvGroupCount = groups,
            NeuronCount = Math.Max(neurons, 1),
            Mixers = config.Mixers?.Select(Enumerable.Range(0, config.BlockCount).Where(b => subNetwork.Blocks[b].IsKept)),
        };
    }

    /// <summary>Copies the weights of a sub-network.</summary>
    /// <param name="model">The whole model.</param>
    /// <param name="subNetwork">What to cut out.</param>
    /// <param name="padded">Whether blocks of different shapes are filled up with zeros to the largest.</param>
    /// <returns>Independent weights, on the same device and of the same type.</returns>
    /// <exception cref="FlextronException">Its kept blocks differ and padding is not wanted, or it keeps no block.</exception>
    public static DecoderWeights Cut(DecoderModel model, SubNetwork subNetwork, bool padded = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ModelConfig config = Config(model.Config, subNetwork, padded);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // Zeroed: a head or neuron that is not filled in writes nothing.
        DecoderWeights result = DecoderWeights.Allocate(config, model.Weights.Flat.dtype, model.Device);
        using WeightView view = WeightView.Of(model.Weights, subNetwork);
        IEnumerable<Tensor> parts = view.Blocks.Where(b => b.Shape.IsKept).SelectMany(b => b.Weights.Named().Select(n => n.Tensor))
            .Prepend(view.Embedding_VC).Append(view.FinalNorm_C);
        if (!config.TiedEmbeddings) parts = parts.Append(view.Head_VC);
        foreach (((_, Tensor target), Tensor part) in result.Named().Zip(parts)) target.narrow(0, 0, part.size(0)).copy_(part);
        return result;
    }
}
