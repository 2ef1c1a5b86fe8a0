using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Native;

/// <summary>
/// Tensors in memory that libtorch allocated. A tensor made from a managed array uses that array, wherever the garbage collector put it; kernels
/// take other paths for other alignments, so sums differ in their last bit from run to run. What has to repeat bit for bit is made here.
/// </summary>
internal static class NativeTensor
{
    /// <summary>A float32 tensor of these values.</summary>
    /// <param name="values">Row-major.</param>
    /// <param name="shape">One-dimensional where left out.</param>
    public static Tensor Of(float[] values, params long[] shape)
    {
        using Tensor managed = shape.Length == 0 ? tensor(values) : tensor(values, shape);
        return managed.clone();
    }

    /// <summary>The same from float64 values, in a given type and place.</summary>
    public static Tensor Of(double[] values, ScalarType dtype, Device device)
    {
        using Tensor managed = tensor(values);
        return managed.to(dtype, device, copy: true);
    }
}
