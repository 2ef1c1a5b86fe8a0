using Flextron.Inference.Kernels;

namespace Flextron.Inference.Decoding;

/// <summary>One block's weights where the engine finds them. Names and layouts are those of <see cref="Models.BlockWeights"/>.</summary>
internal readonly record struct DecodeBlock(
    nint AttentionNorm,
    WeightMatrix Query,
    WeightMatrix Key,
    WeightMatrix Value,
    WeightMatrix Output,
    nint MlpNorm,
    WeightMatrix Gate,
    WeightMatrix Up,
    WeightMatrix Down);
