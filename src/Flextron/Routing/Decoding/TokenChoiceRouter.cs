using Flextron.Elastic;
using Flextron.Inference.Decoding;
using Flextron.Native;
using Flextron.Routing.Dynamic;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Decoding;

/// <summary>
/// Lets whoever chooses for tokens in a <see cref="DynamicModel"/> choose in a <see cref="DecodeSession"/>: the same hidden states give the same widths.
/// For one sequence from its beginning; a choice goes through libtorch, a few microseconds per operator.
/// </summary>
/// <param name="choices">Chooses; for one sequence.</param>
/// <param name="space">The widths that its choices stand for.</param>
public sealed class TokenChoiceRouter(ITokenChoices choices, ElasticSpace space) : IStepRouter
{
    private readonly ElasticSpace space = space.Blockwise;

    /// <inheritdoc/>
    public int KvGroups(int block, ReadOnlySpan<float> hidden_C) => space.KvGroups[Choose(block, hidden_C)];

    /// <inheritdoc/>
    public int Neurons(int block, ReadOnlySpan<float> hidden_C) => space.Neurons[Choose(space.BlockCount + block, hidden_C)];

    private int Choose(int layer, ReadOnlySpan<float> hidden_C)
    {
        using var scope = NewDisposeScope();
        return choices.Choose(layer, NativeTensor.Of(hidden_C.ToArray(), 1, 1, hidden_C.Length))[0];
    }
}
