using Flextron.Kernels;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Training.Passes;

/// <summary>MLP half of a block with its gradient written out.</summary>
internal sealed class FusedMlp(BlockView weightView, BlockView gradientView, FusedShape shape)
{
    private readonly BlockWeights weights = weightView.Weights, gradients = gradientView.Weights;
    private Tensor x_NC = null!, scale_N = null!, normed_NC = null!, gate_ND = null!, up_ND = null!;

    /// <summary>The residual stream behind the MLP.</summary>
    public Tensor Forward(Tensor x_NC)
    {
        using var scope = NewDisposeScope();
        this.x_NC = x_NC;
        (normed_NC, scale_N) = RmsNormKernels.Forward(x_NC, weights.MlpNorm_C, shape.Config.NormEpsilon);
        gate_ND = Products.Forward(normed_NC, weights.Gate_DC!);
        up_ND = Products.Forward(normed_NC, weights.Up_DC);
        foreach (Tensor kept in (Tensor[])[normed_NC, scale_N, gate_ND, up_ND]) kept.DetachFromDisposeScope();
        return Products.AddTo(x_NC, SwiGluKernels.Forward(gate_ND, up_ND), weights.Down_DC).MoveToOuterDisposeScope();
    }

    /// <summary>Adds this half's gradient to that of the residual stream, and its weights' gradients to theirs; forgets what the forward pass kept.</summary>
    /// <param name="gradient_NC">float32, changed in place.</param>
    public void Backward(Tensor gradient_NC)
    {
        using var scope = NewDisposeScope();
        Tensor update_NC = gradient_NC.to(normed_NC.dtype);
        Tensor gated_ND = update_NC.matmul(weights.Down_DC.t());
        SwiGluKernels.Backward(gate_ND, up_ND, gated_ND);
        Products.AddWeightGradient(gradients.Down_DC, gated_ND, update_NC);
        Products.AddWeightGradient(gradients.Gate_DC!, gate_ND, normed_NC);
        Products.AddWeightGradient(gradients.Up_DC, up_ND, normed_NC);
        Tensor normedGradient_NC = gate_ND.matmul(weights.Gate_DC!).addmm_(up_ND, weights.Up_DC, 1, 1);
        RmsNormKernels.Backward(normedGradient_NC, x_NC, scale_N, weights.MlpNorm_C, gradient_NC, gradients.MlpNorm_C);
        foreach (Tensor kept in (Tensor[])[normed_NC, scale_N, gate_ND, up_ND]) kept.Dispose();
    }
}
