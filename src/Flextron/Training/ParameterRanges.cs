using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Training;

/// <summary>Which stretches of the flat parameter tensor a set of sub-networks touches.</summary>
public static class ParameterRanges
{
    /// <summary>The touched stretches, neighbours of the same kind joined.</summary>
    /// <param name="weights">The flat weights.</param>
    /// <param name="subNetworks">At least one.</param>
    /// <returns>Start and length in elements, and whether weight decay applies (matrices, not norms).</returns>
    public static IReadOnlyList<(long Start, long Length, bool Decays)> Used(DecoderWeights weights, IReadOnlyList<SubNetwork> subNetworks)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(subNetworks);
        var rows = new List<long>();
        Tensor Record(Tensor tensor, long kept)
        {
            rows.Add(kept);
            return tensor;
        }

        rows.Add(weights.Config.VocabularySize);
        for (int i = 0; i < weights.Blocks.Count; i++)
        {
            var widest = new BlockShape(subNetworks.Max(s => s.Blocks[i].KvGroups), subNetworks.Max(s => s.Blocks[i].Neurons));
            BlockView.Slice(weights.Config, weights.Blocks[i], widest, Record);
        }
        rows.Add(weights.Config.HiddenSize);
        if (!weights.Config.TiedEmbeddings) rows.Add(weights.Config.VocabularySize);

        var ranges = new List<(long Start, long Length, bool Decays)>();
        long at = 0;
        foreach (((_, Tensor tensor), long kept) in weights.Named().Zip(rows))
        {
            bool matrix = tensor.dim() > 1;
            long length = matrix ? kept * tensor.size(1) : kept;
            if (ranges.Count > 0 && ranges[^1] is var (start, before, decays) && start + before == at && decays == matrix)
                ranges[^1] = (start, before + length, matrix);
            else
                ranges.Add((at, length, matrix));
            at += tensor.numel();
        }
        return ranges;
    }
}
