using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Dynamic;

/// <summary>Decides, layer by layer while a network runs, which choice each token takes.</summary>
public interface ITokenChoices
{
    /// <summary>Chooses for every token of a pass; layers are asked in the order in which they run.</summary>
    /// <param name="layer">Attention of the blocks first, then their MLPs, as in <see cref="ChoiceVector"/>.</param>
    /// <param name="x_BTC">The residual stream that enters the layer.</param>
    /// <returns>Choice indices, row after row: token t of sequence b is entry b·T + t.</returns>
    int[] Choose(int layer, Tensor x_BTC);

    /// <summary>The same for one token of one sequence, whose stream is in managed hands already.</summary>
    /// <param name="layer">As above.</param>
    /// <param name="x_C">The residual stream that enters the layer.</param>
    /// <returns>A choice index.</returns>
    int Choose(int layer, ReadOnlySpan<float> x_C)
    {
        using var scope = NewDisposeScope();
        return Choose(layer, NativeTensor.Of(x_C.ToArray(), 1, 1, x_C.Length))[0];
    }
}
