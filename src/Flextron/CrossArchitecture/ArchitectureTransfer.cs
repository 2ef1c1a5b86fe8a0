using Flextron.Mixers;
using Flextron.Models;
using Flextron.Pretraining;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.CrossArchitecture;

/// <summary>
/// Cross-architecture transfer (XATL, Choi, arXiv 2404.02684): embeddings, norms, MLPs and output projections of a pretrained Transformer move into a model
/// whose blocks mix tokens at linear cost; the mixers start fresh. Blocks that keep attention keep all of it.
/// </summary>
public static class ArchitectureTransfer
{
    /// <summary>Makes the model.</summary>
    /// <param name="pretrained">The Transformer; not changed.</param>
    /// <param name="settings">How.</param>
    /// <exception cref="FlextronException">The model has linear mixers already, or a block to keep does not exist.</exception>
    public static TransferredModel Create(DecoderWeights pretrained, TransferSettings settings)
    {
        ArgumentNullException.ThrowIfNull(pretrained);
        ArgumentNullException.ThrowIfNull(settings);
        settings = settings.Validated();
        pretrained.Config.RequireAttention("A transfer", "start from the Transformer that it was made from");
        ModelConfig config = pretrained.Config with { Mixers = MixerPattern.Of(settings.Mixer, pretrained.Config.BlockCount, settings.Keep) };
        using var noGrad = no_grad();
        using DecoderWeights fresh = BaseModelPretraining.Initialise(config, settings.InitialScale, settings.Seed);
        DecoderWeights weights = fresh.Clone(pretrained.Flat.dtype, pretrained.Flat.device);
        var transferred = new HashSet<string>(StringComparer.Ordinal);
        if (settings.FromScratch) return new TransferredModel(weights, transferred);
        Dictionary<string, Tensor> source = pretrained.Named().ToDictionary(n => n.Name, n => n.Tensor, StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in weights.Named())
        {
            if (!source.TryGetValue(name, out Tensor? from) || !from.shape.SequenceEqual(tensor.shape) || !Moves(name, config, settings)) continue;
            tensor.copy_(from);
            transferred.Add(name);
        }
        return new TransferredModel(weights, transferred);
    }

    // Queries, keys and values of a fresh mixer are its own; everything else that has the same name and shape moves.
    private static bool Moves(string name, ModelConfig config, TransferSettings settings)
    {
        string[] parts = name.Split('.');
        bool isProjection = parts is ["blocks", _, "query" or "key" or "value" or "queryBias" or "keyBias" or "valueBias" or "queryNorm" or "keyNorm"];
        return !isProjection || settings.CarryProjections || config.Mixer(int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)) == MixerKind.Attention;
    }
}
