using Flextron.MixtureOfDepths;
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
    /// <exception cref="FlextronException">
    /// Its kept blocks differ, which ordinary checkpoints cannot express, and padding is not wanted; it keeps no block; or the family's checkpoints cannot hold it
    /// even padded.
    /// </exception>
    public static ModelConfig Config(ModelConfig config, SubNetwork subNetwork, bool padded = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(subNetwork);
        BlockShape[] kept = Kept(config, subNetwork);
        int width = subNetwork.Width ?? config.HiddenSize, groups = kept.Max(b => b.KvGroups), neurons = kept.Max(b => b.Neurons);
        if (!padded && kept.Any(b => b != kept[0]))
            throw new FlextronException($"The blocks of {subNetwork} have different widths, which no ordinary checkpoint can express: choose the same widths for every block, or have them padded with zeros.");
        if (!padded && (groups == 0 || neurons == 0))
            throw new FlextronException($"The blocks of {subNetwork} have no {(groups == 0 ? "attention" : "MLP")}, which no ordinary checkpoint can express: keep some of it, or have it padded with zeros.");
        groups = Math.Max(groups, 1);
        if (padded && !config.Architecture.FreeHeadSize)
        {
            groups = Math.Max(groups, width / (config.HeadsPerGroup * config.HeadSize));
            if (groups * config.HeadsPerGroup * config.HeadSize != width)
                throw new FlextronException(
                    $"A {config.Family} checkpoint has heads × head size = hidden size, and {width} channels are not {groups} or more heads of {config.HeadSize}: choose a residual width that is a multiple of {config.HeadSize}.");
        }
        if (config.SkipLayer is not null && kept.Length < config.BlockCount)
            throw new FlextronException($"The sub-network {subNetwork} skips blocks, and later ones attend to blocks by their distance: keep every block.");
        int[] blocks = [.. Enumerable.Range(0, config.BlockCount).Where(b => subNetwork.Blocks[b].IsKept)];
        BlockPattern? unwindowed = config.UnwindowedBlocks?.Select(blocks);
        // A window that no kept block has is none.
        bool windowed = config.Architecture.SlidingWindow is not null && unwindowed?.Flags.All(f => f) != true;
        return config with
        {
            Architecture = windowed ? config.Architecture : config.Architecture with { SlidingWindow = null },
            UnwindowedBlocks = windowed ? unwindowed : null,
            UnrotatedBlocks = config.UnrotatedBlocks?.Select(blocks),
            SkipLayer = config.SkipLayer?.Kept(groups, config.KvGroupCount),
            HiddenSize = width,
            BlockCount = kept.Length,
            HeadCount = groups * config.HeadsPerGroup,
            KvGroupCount = groups,
            NeuronCount = Math.Max(neurons, 1),
            Mixers = config.Mixers?.Select(blocks),
        };
    }

    /// <summary>Checks that an ordinary checkpoint of the model's family can express a sub-network as it is.</summary>
    /// <param name="config">The whole model.</param>
    /// <param name="subNetwork">What would be cut out.</param>
    /// <param name="legal">Brings a wanted shape to the nearest one that the model's space allows; as it is where null.</param>
    /// <exception cref="FlextronException">It cannot; the message gives the reason and the nearest uniform shape that can be written.</exception>
    public static void RequireUniform(ModelConfig config, SubNetwork subNetwork, Func<BlockShape, BlockShape>? legal = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(subNetwork);
        BlockShape[] kept = Kept(config, subNetwork);
        int width = subNetwork.Width ?? config.HiddenSize, perGroup = config.HeadsPerGroup * config.HeadSize;
        // Where the family has no head size of its own, the width dictates the heads.
        int? dictated = config.Architecture.FreeHeadSize ? null : width / perGroup;
        BlockShape mean = new((int)Math.Max(1, Math.Round(kept.Average(b => b.KvGroups))), (int)Math.Max(1, Math.Round(kept.Average(b => b.Neurons))));
        BlockShape nearest = legal?.Invoke(mean) is { KvGroups: > 0, Neurons: > 0 } found ? found : mean;
        if (dictated is { } groups) nearest = nearest with { KvGroups = groups };
        string? why = kept.Any(b => b != kept[0]) ? "have different widths, which no ordinary checkpoint can express"
            : kept[0].KvGroups == 0 || kept[0].Neurons == 0 ? "leave a part of every block out, which no ordinary checkpoint can express"
            : dictated is { } all && kept[0].KvGroups != all ? $"leave heads out, and a {config.Family} checkpoint has heads × head size = hidden size"
            : null;
        if (dictated * perGroup is { } filled && filled != width)
            throw new FlextronException($"A {config.Family} checkpoint has heads × head size = hidden size, and {width} channels are not whole heads of {config.HeadSize}: choose a residual width that is a multiple of {perGroup}.");
        if (why is not null)
            throw new FlextronException(
                $"The blocks of this sub-network ({subNetwork}) {why}: the nearest uniform shape is {nearest.KvGroups} key/value groups and {nearest.Neurons} neurons in every block; or write it padded with zeros by --pad.");
    }

    private static BlockShape[] Kept(ModelConfig config, SubNetwork subNetwork)
    {
        BlockShape[] kept = [.. subNetwork.ValidatedFor(config).Blocks.Where(b => b.IsKept)];
        return kept.Length > 0 ? kept : throw new FlextronException($"The sub-network {subNetwork} keeps no block, which no checkpoint can express: keep at least one.");
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
        foreach (((_, Tensor target), Tensor part) in result.Named().Zip(view.Each(b => b.Shape.IsKept))) target.narrow(0, 0, part.size(0)).copy_(part);
        return result;
    }

    /// <summary>Copies a sub-network of a Mixture-of-Depths model, with its routers.</summary>
    /// <param name="mixture">The whole model.</param>
    /// <param name="subNetwork">What to cut out; it keeps every block.</param>
    /// <param name="padded">Whether blocks of different shapes are filled up with zeros to the largest.</param>
    /// <exception cref="FlextronException">As for its network, or it skips a block.</exception>
    public static MixtureModel Cut(MixtureModel mixture, SubNetwork subNetwork, bool padded = false)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(subNetwork);
        if (subNetwork.Blocks.Any(b => !b.IsKept))
            throw new FlextronException($"The sub-network {subNetwork} skips blocks, and a Mixture-of-Depths model routes by their place, every {mixture.Settings.Every}: keep every block.");
        DecoderWeights weights = Cut(mixture.Model, subNetwork, padded);
        return new MixtureModel(new DecoderModel(weights), mixture.Routers.Sliced(weights.Config));
    }
}
