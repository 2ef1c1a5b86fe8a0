using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Inference;

/// <summary>Cuts a sub-network out as a model of its own.</summary>
public static class StandaloneSlice
{
    /// <summary>The shape of a uniform sub-network as a model of its own.</summary>
    /// <exception cref="FlextronException">Its blocks differ, which ordinary checkpoints cannot express.</exception>
    public static ModelConfig Config(ModelConfig config, SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(subNetwork);
        BlockShape shape = subNetwork.ValidatedFor(config).Blocks[0];
        if (subNetwork.Blocks.Any(b => b != shape))
            throw new FlextronException($"The blocks of {subNetwork} have different widths, which no ordinary checkpoint can express: choose the same widths for every block.");
        return config with { HeadCount = shape.KvGroups * config.HeadsPerGroup, KvGroupCount = shape.KvGroups, NeuronCount = shape.Neurons };
    }

    /// <summary>Copies the weights of a uniform sub-network.</summary>
    /// <returns>Independent weights, on the same device and of the same type.</returns>
    /// <exception cref="FlextronException">Its blocks differ.</exception>
    public static DecoderWeights Cut(DecoderModel model, SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(model);
        ModelConfig config = Config(model.Config, subNetwork);
        using var noGrad = no_grad();
        DecoderWeights result = DecoderWeights.Allocate(config, model.Weights.Flat.dtype, model.Device);
        using WeightView view = WeightView.Of(model.Weights, subNetwork);
        IEnumerable<Tensor> parts = view.Blocks.SelectMany(b => b.Weights.Named().Select(n => n.Tensor)).Prepend(view.Embedding_VC).Append(view.FinalNorm_C);
        if (!config.TiedEmbeddings) parts = parts.Append(view.Head_VC);
        foreach (((_, Tensor target), Tensor part) in result.Named().Zip(parts)) target.copy_(part);
        return result;
    }
}
