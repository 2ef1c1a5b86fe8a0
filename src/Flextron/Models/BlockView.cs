using Flextron.Mixers;

namespace Flextron.Models;

/// <summary>One block's tensors at the width a sub-network keeps: views of the shared weights, never copies.</summary>
/// <param name="Shape">Kept groups and neurons (g, d).</param>
/// <param name="Weights">
/// The sliced tensors: query and output g·(L/G)·H rows, key and value g·H rows, gate, up and down d rows, each with as many columns as the
/// residual stream has channels. A skipped part's tensors are empty.
/// </param>
public sealed record BlockView(BlockShape Shape, BlockWeights Weights)
{
    internal static BlockView Slice(ModelConfig config, BlockWeights full, BlockShape shape, long width, PrefixSlicer slice) => new(shape, BlockWeights.Create(
        config.Architecture,
        kind => slice(full.Of(kind), BlockLayout.RowCount(kind, config, shape, width), BlockLayout.IsMatrix(kind) ? width : 1),
        full.Mixer is null ? null : () => Slice(full.Mixer, config.MixerShape(shape.KvGroups), width, slice)));

    private static MixerWeights Slice(MixerWeights full, MixerShape shape, long width, PrefixSlicer slice) => full with
    {
        Tensors = [.. LinearMixer.Of(full.Kind).Tensors.Select((t, i) => slice(
            full.Tensors[i], shape.Groups > 0 ? shape.Size(t.Rows, width) : 0, t.Columns is { } columns ? shape.Size(columns, width) : 1))],
    };
}
