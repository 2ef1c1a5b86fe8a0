using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>Sees what passes inside a forward pass, for importance scores. Tensors live only during the call.</summary>
public interface IForwardObserver
{
    /// <summary>What a block's attention or MLP reads: the residual stream after the part's norm.</summary>
    void OnNorm(int block, Tensor normed_BTC);

    /// <summary>The outputs of a block's heads, before the output projection.</summary>
    void OnHeads(int block, Tensor heads_BTLH);

    /// <summary>A block's MLP from inside.</summary>
    /// <param name="block">Block index.</param>
    /// <param name="gate_BTD">What the non-linearity is applied to: X·Wgateᵀ, of an MLP without gates X·Wupᵀ, with its bias.</param>
    /// <param name="gated_BTD">What the down projection receives: act(gate)·up, or act(up).</param>
    void OnNeurons(int block, Tensor gate_BTD, Tensor gated_BTD);

    /// <summary>What a part adds to the residual stream, before it is added.</summary>
    /// <param name="block">Block index.</param>
    /// <param name="part">Which part of it.</param>
    /// <param name="x_BTC">The residual stream it is added to.</param>
    /// <param name="update_BTC">The part's output.</param>
    void OnUpdate(int block, BlockPart part, Tensor x_BTC, Tensor update_BTC)
    {
    }
}
