using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Training;

/// <summary>Which parts of the flat parameter tensor a set of sub-networks touches.</summary>
public static class ParameterRanges
{
    /// <summary>The touched parts, disjoint and in storage order, neighbours of the same kind joined.</summary>
    /// <remarks>
    /// Of a matrix every sub-network touches some first rows and first columns. Their union is a staircase, which is cut into bands of rows of
    /// one length each; where every sub-network keeps the whole residual width, the bands are plain stretches.
    /// </remarks>
    /// <param name="weights">The flat weights.</param>
    /// <param name="subNetworks">At least one.</param>
    /// <param name="isLeftOut">Names tensors that are left out.</param>
    public static IReadOnlyList<ParameterRegion> Used(DecoderWeights weights, IReadOnlyList<SubNetwork> subNetworks, Func<string, bool>? isLeftOut = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(subNetworks);
        (long Rows, long Columns)[][] kept = [.. subNetworks.Select(s => Extents(weights, s).ToArray())];
        var regions = new List<ParameterRegion>();
        (long at, int index) = (0, 0);
        foreach ((string name, Tensor tensor) in weights.Named())
        {
            bool matrix = tensor.dim() > 1;
            long stride = matrix ? tensor.size(1) : 1, done = 0;
            // From the widest to the narrowest: a narrower sub-network adds only rows below those already covered.
            bool leftOut = isLeftOut?.Invoke(name) == true;
            foreach ((long rows, long columns) in kept.Select(k => k[index]).OrderByDescending(k => k.Columns).ThenByDescending(k => k.Rows))
            {
                if (leftOut || rows <= done) continue;
                long start = at + done * stride;
                if (columns == stride)
                    AddStretch(regions, start, (rows - done) * stride, matrix);
                else
                    regions.Add(new ParameterRegion(start, rows - done, columns, stride, matrix));
                done = rows;
            }
            at += tensor.numel();
            index++;
        }
        return regions;
    }

    private static void AddStretch(List<ParameterRegion> regions, long start, long length, bool decays)
    {
        if (regions.Count > 0 && regions[^1] is { Rows: 1 } last && last.Start + last.Columns == start && last.Decays == decays)
            regions[^1] = ParameterRegion.Stretch(last.Start, last.Columns + length, decays);
        else
            regions.Add(ParameterRegion.Stretch(start, length, decays));
    }

    // What a sub-network keeps of every tensor, in storage order.
    private static List<(long Rows, long Columns)> Extents(DecoderWeights weights, SubNetwork network)
    {
        ModelConfig config = weights.Config;
        network = network.ValidatedFor(config);
        int width = network.Width ?? config.HiddenSize;
        var extents = new List<(long, long)> { (config.VocabularySize, width) };
        Tensor Record(Tensor tensor, long rows, long columns)
        {
            extents.Add((rows, columns));
            return tensor;
        }

        if (weights.Positions_TC is not null) extents.Add((config.ContextLength, width));
        foreach ((BlockWeights block, BlockShape shape) in weights.Blocks.Zip(network.Blocks)) BlockView.Slice(config, block, shape, width, Record);
        extents.Add((width, 1));
        if (weights.FinalNormBias_C is not null) extents.Add((width, 1));
        if (!config.TiedEmbeddings) extents.Add((config.VocabularySize, width));
        return extents;
    }
}
