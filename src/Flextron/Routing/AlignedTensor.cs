using static TorchSharp.torch;

namespace Flextron.Routing;

/// <summary>
/// Makes tensors from managed arrays in torch's own memory. <c>torch.tensor(array)</c> wraps a managed array where the garbage collector
/// happened to put it, and matrix products round differently by alignment: the same seed would then not always give the same last bit.
/// </summary>
internal static class AlignedTensor
{
    public static Tensor Of(float[] values, params long[] shape)
    {
        using Tensor wrapped = shape.Length == 0 ? tensor(values) : tensor(values, shape);
        return wrapped.clone();
    }
}
