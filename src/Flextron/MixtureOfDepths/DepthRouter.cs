using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.MixtureOfDepths;

/// <summary>One routed block's own router and predictor, as views of the flat tensor of <see cref="DepthRouters"/>.</summary>
/// <param name="Block">Index of the block.</param>
/// <param name="Weight_C">Router: a token's logit is its residual stream times this.</param>
/// <param name="Hidden_PC">Predictor's first layer.</param>
/// <param name="HiddenLogit_P">What it makes of the router's logit.</param>
/// <param name="HiddenBias_P">Its bias.</param>
/// <param name="Output_P">Predictor's second layer.</param>
/// <param name="OutputBias_1">Its bias.</param>
public sealed record DepthRouter(int Block, Tensor Weight_C, Tensor Hidden_PC, Tensor HiddenLogit_P, Tensor HiddenBias_P, Tensor Output_P, Tensor OutputBias_1)
{
    /// <summary>The tensors with their short names, in storage order.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Named()
    {
        yield return ("weight", Weight_C);
        yield return ("predictor.hidden", Hidden_PC);
        yield return ("predictor.hiddenLogit", HiddenLogit_P);
        yield return ("predictor.hiddenBias", HiddenBias_P);
        yield return ("predictor.output", Output_P);
        yield return ("predictor.outputBias", OutputBias_1);
    }

    /// <summary>Router logits r = w·x; they order the tokens and weigh the block's update.</summary>
    /// <param name="x_BTC">The residual stream in front of the block; of a narrower one the first channels' weights count.</param>
    /// <returns>logits_BT.</returns>
    public Tensor Logits(Tensor x_BTC)
    {
        ArgumentNullException.ThrowIfNull(x_BTC);
        return x_BTC.matmul(Weight_C.narrow(0, 0, x_BTC.size(2)));
    }

    /// <summary>The predictor's logits. Gradients stop here: they reach the predictor and nothing in front of it.</summary>
    /// <param name="x_BTC">The residual stream in front of the block.</param>
    /// <param name="logits_BT">The router's own, by whose order the top k are chosen.</param>
    /// <returns>logits_BT; positive means that the token is expected among the top k.</returns>
    public Tensor Predict(Tensor x_BTC, Tensor logits_BT)
    {
        ArgumentNullException.ThrowIfNull(x_BTC);
        ArgumentNullException.ThrowIfNull(logits_BT);
        using var scope = NewDisposeScope();
        Tensor stopped_BTC = x_BTC.detach();
        // The stream grows from block to block; the predictor reads its direction, and the logit that ranks the token.
        Tensor scaled_BTC = stopped_BTC * (stopped_BTC.square().mean([-1], keepdim: true) + 1e-6).rsqrt();
        Tensor hidden_BTP = functional.silu(scaled_BTC.matmul(Hidden_PC.narrow(1, 0, x_BTC.size(2)).t()) + logits_BT.detach().unsqueeze(-1) * HiddenLogit_P + HiddenBias_P);
        return (hidden_BTP.matmul(Output_P) + OutputBias_1).MoveToOuterDisposeScope();
    }

    /// <summary>Leaves that share storage with this router and accumulate into another's tensors.</summary>
    internal DepthRouter Trainable(DepthRouter gradients)
    {
        static Tensor Leaf(Tensor tensor, Tensor gradient)
        {
            Tensor leaf = tensor.detach().requires_grad_(true).DetachFromDisposeScope();
            leaf.grad = gradient;
            return leaf;
        }

        return new DepthRouter(
            Block, Leaf(Weight_C, gradients.Weight_C), Leaf(Hidden_PC, gradients.Hidden_PC), Leaf(HiddenLogit_P, gradients.HiddenLogit_P), Leaf(HiddenBias_P, gradients.HiddenBias_P),
            Leaf(Output_P, gradients.Output_P), Leaf(OutputBias_1, gradients.OutputBias_1));
    }
}
