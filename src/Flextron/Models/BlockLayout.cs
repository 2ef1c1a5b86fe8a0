namespace Flextron.Models;

/// <summary>Which tensors the blocks of an architecture have and how large they are at any width: the one place that storage, slices, costs and orders follow.</summary>
internal static class BlockLayout
{
    private static readonly BlockTensor[] All = Enum.GetValues<BlockTensor>();

    /// <summary>The tensors of every block, in storage order.</summary>
    public static IEnumerable<BlockTensor> Of(DecoderArchitecture architecture) =>
        All.Where(tensor => tensor switch
        {
            BlockTensor.Gate => architecture.GatedMlp,
            BlockTensor.GateBias => architecture.GatedMlp && architecture.MlpBias,
            BlockTensor.AttentionNormBias or BlockTensor.MlpNormBias => architecture.Norm == NormKind.Layer,
            BlockTensor.QueryBias or BlockTensor.KeyBias or BlockTensor.ValueBias => architecture.QueryKeyValueBias,
            BlockTensor.OutputBias => architecture.OutputBias,
            BlockTensor.QueryNorm or BlockTensor.KeyNorm => architecture.QueryKeyNorm,
            BlockTensor.UpBias or BlockTensor.DownBias => architecture.MlpBias,
            _ => true,
        });

    /// <summary>What the rows of a tensor stand for.</summary>
    public static BlockAxis Rows(BlockTensor tensor) => tensor switch
    {
        BlockTensor.Query or BlockTensor.QueryBias or BlockTensor.Output => BlockAxis.Query,
        BlockTensor.Key or BlockTensor.KeyBias or BlockTensor.Value or BlockTensor.ValueBias => BlockAxis.Key,
        BlockTensor.Gate or BlockTensor.GateBias or BlockTensor.Up or BlockTensor.UpBias or BlockTensor.Down => BlockAxis.Neuron,
        BlockTensor.QueryNorm or BlockTensor.KeyNorm => BlockAxis.HeadElement,
        _ => BlockAxis.Channel,
    };

    /// <summary>What a tensor belongs to.</summary>
    public static BlockPartKind PartOf(BlockTensor tensor) => tensor switch
    {
        BlockTensor.AttentionNorm or BlockTensor.AttentionNormBias or BlockTensor.MlpNorm or BlockTensor.MlpNormBias or BlockTensor.QueryNorm or BlockTensor.KeyNorm => BlockPartKind.Norm,
        BlockTensor.Gate or BlockTensor.GateBias or BlockTensor.Up or BlockTensor.UpBias or BlockTensor.Down or BlockTensor.DownBias => BlockPartKind.Mlp,
        _ => BlockPartKind.Attention,
    };

    /// <summary>Whether a tensor is a matrix; its columns are then the channels of the residual stream.</summary>
    public static bool IsMatrix(BlockTensor tensor) => tensor is BlockTensor.Query or BlockTensor.Key or BlockTensor.Value or BlockTensor.Output
        or BlockTensor.Gate or BlockTensor.Up or BlockTensor.Down;

    /// <summary>Rows of a tensor that a block keeps; none where its part of the block is skipped.</summary>
    /// <param name="tensor">Which.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="shape">Kept groups and neurons.</param>
    /// <param name="width">Kept channels.</param>
    public static long RowCount(BlockTensor tensor, ModelConfig config, BlockShape shape, long width) => Rows(tensor) switch
    {
        BlockAxis.Query => (long)shape.KvGroups * config.HeadsPerGroup * config.HeadSize,
        BlockAxis.Key => (long)shape.KvGroups * config.HeadSize,
        BlockAxis.Neuron => shape.Neurons,
        BlockAxis.HeadElement => shape.KvGroups > 0 ? config.HeadSize : 0,
        _ => IsOfMlp(tensor) ? shape.Neurons > 0 ? width : 0 : shape.KvGroups > 0 ? width : 0,
    };

    /// <summary>Number of elements that a block of some shape has.</summary>
    public static double CountElements(ModelConfig config, BlockShape shape, double width) =>
        Of(config.Architecture).Sum(t => RowCount(t, config, shape, (long)width) * (IsMatrix(t) ? width : 1));

    private static bool IsOfMlp(BlockTensor tensor) => tensor is BlockTensor.MlpNorm or BlockTensor.MlpNormBias or BlockTensor.DownBias;
}
