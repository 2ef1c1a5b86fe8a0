using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Training.Passes;

/// <summary>The matrix products of a layer's three passes. Operands have the compute type; what gradients and residuals add up in is float32.</summary>
internal static class Products
{
    /// <summary>x·Wᵀ.</summary>
    public static Tensor Forward(Tensor x_NK, Tensor weight_MK) => functional.linear(x_NK, weight_MK);

    /// <summary>Adds gradientᵀ·x to the weight's gradient.</summary>
    public static void AddWeightGradient(Tensor target_MK, Tensor gradient_NM, Tensor x_NK)
    {
        using var scope = NewDisposeScope();
        if (gradient_NM.dtype == ScalarType.Float32) target_MK.addmm_(gradient_NM.t(), x_NK, 1, 1);
        else target_MK.add_(gradient_NM.t().matmul(x_NK));
    }

    /// <summary>residual + x·W, a new tensor in float32.</summary>
    public static Tensor AddTo(Tensor residual_NC, Tensor x_NM, Tensor weight_MC)
    {
        if (x_NM.dtype == ScalarType.Float32) return addmm(residual_NC, x_NM, weight_MC, 1, 1);
        using Tensor update_NC = x_NM.matmul(weight_MC);
        return residual_NC + update_NC;
    }
}
