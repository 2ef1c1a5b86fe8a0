using Flextron.Elastic;
using Flextron.Inference.Decoding;
using Flextron.Routing.Dynamic;

namespace Flextron.Routing.Decoding;

/// <summary>
/// Lets whoever chooses for tokens in a <see cref="DynamicModel"/> choose in a <see cref="DecodeSession"/>: the same hidden states give the same widths.
/// For one sequence from its beginning. Nothing is allocated for a token where <see cref="ITokenChoices.Choose(int, ReadOnlySpan{float})"/> allocates nothing.
/// </summary>
/// <param name="choices">Chooses; for one sequence.</param>
/// <param name="space">The widths that its choices stand for.</param>
public sealed class TokenChoiceRouter(ITokenChoices choices, ElasticSpace space) : IStepRouter
{
    private readonly ElasticSpace space = space.Blockwise;

    /// <inheritdoc/>
    public int KvGroups(int block, ReadOnlySpan<float> hidden_C) => space.KvGroups[choices.Choose(block, hidden_C)];

    /// <inheritdoc/>
    public int Neurons(int block, ReadOnlySpan<float> hidden_C) => space.Neurons[choices.Choose(space.BlockCount + block, hidden_C)];
}
