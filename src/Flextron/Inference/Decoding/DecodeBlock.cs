using Flextron.Inference.Kernels;

namespace Flextron.Inference.Decoding;

/// <summary>One block's weights where the engine finds them. Names and layouts are those of <see cref="Models.BlockWeights"/>; vectors are float32, and 0 where the architecture has none.</summary>
internal readonly record struct DecodeBlock
{
    public required nint AttentionNorm { get; init; }

    public nint AttentionNormBias { get; init; }

    public required WeightMatrix Query { get; init; }

    public nint QueryBias { get; init; }

    public nint QueryNorm { get; init; }

    public required WeightMatrix Key { get; init; }

    public nint KeyBias { get; init; }

    public nint KeyNorm { get; init; }

    public required WeightMatrix Value { get; init; }

    public nint ValueBias { get; init; }

    public required WeightMatrix Output { get; init; }

    public nint OutputBias { get; init; }

    public required nint MlpNorm { get; init; }

    public nint MlpNormBias { get; init; }

    /// <summary>Null where the MLP has no gates.</summary>
    public WeightMatrix? Gate { get; init; }

    public nint GateBias { get; init; }

    public required WeightMatrix Up { get; init; }

    public nint UpBias { get; init; }

    public required WeightMatrix Down { get; init; }

    public nint DownBias { get; init; }
}
