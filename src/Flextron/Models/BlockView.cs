using Flextron.Mixers;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>One block's tensors at the width a sub-network keeps: views of the shared weights, never copies.</summary>
/// <param name="Shape">Kept groups and neurons (g, d).</param>
/// <param name="Weights">
/// The sliced tensors: query and output g·(L/G)·H rows, key and value g·H rows, gate, up and down d rows, each with as many columns as the
/// residual stream has channels. A skipped part's tensors are empty.
/// </param>
public sealed record BlockView(BlockShape Shape, BlockWeights Weights)
{
    internal static BlockView Slice(ModelConfig config, BlockWeights full, BlockShape shape, long width, PrefixSlicer slice)
    {
        long queryRows = (long)shape.KvGroups * config.HeadsPerGroup * config.HeadSize, keyRows = (long)shape.KvGroups * config.HeadSize;
        return new BlockView(shape, new BlockWeights(
            slice(full.AttentionNorm_C, shape.KvGroups > 0 ? width : 0, 1),
            slice(full.Query_QC, queryRows, width),
            slice(full.Key_KC, keyRows, width),
            slice(full.Value_KC, keyRows, width),
            slice(full.Output_QC, queryRows, width),
            slice(full.MlpNorm_C, shape.Neurons > 0 ? width : 0, 1),
            slice(full.Gate_DC, shape.Neurons, width),
            slice(full.Up_DC, shape.Neurons, width),
            slice(full.Down_DC, shape.Neurons, width))
        {
            Mixer = full.Mixer is null ? null : Slice(full.Mixer, config.MixerShape(shape.KvGroups), width, slice),
        });
    }

    private static MixerWeights Slice(MixerWeights full, MixerShape shape, long width, PrefixSlicer slice) => full with
    {
        Tensors = [.. LinearMixer.Of(full.Kind).Tensors.Select((t, i) => slice(
            full.Tensors[i], shape.Groups > 0 ? shape.Size(t.Rows, width) : 0, t.Columns is { } columns ? shape.Size(columns, width) : 1))],
    };
}
