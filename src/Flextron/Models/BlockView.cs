using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>One block's tensors at the width a sub-network keeps: views of the shared weights, never copies.</summary>
/// <param name="Shape">Kept groups and neurons (g, d).</param>
/// <param name="Weights">The sliced tensors: query and output g·(L/G)·H rows, key and value g·H rows, gate, up and down d rows.</param>
public sealed record BlockView(BlockShape Shape, BlockWeights Weights)
{
    internal static BlockView Slice(ModelConfig config, BlockWeights full, BlockShape shape, Func<Tensor, long, Tensor> slice)
    {
        long queryRows = (long)shape.KvGroups * config.HeadsPerGroup * config.HeadSize, keyRows = (long)shape.KvGroups * config.HeadSize;
        return new BlockView(shape, new BlockWeights(
            slice(full.AttentionNorm_C, config.HiddenSize),
            slice(full.Query_QC, queryRows),
            slice(full.Key_KC, keyRows),
            slice(full.Value_KC, keyRows),
            slice(full.Output_QC, queryRows),
            slice(full.MlpNorm_C, config.HiddenSize),
            slice(full.Gate_DC, shape.Neurons),
            slice(full.Up_DC, shape.Neurons),
            slice(full.Down_DC, shape.Neurons)));
    }
}
