using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Kernels;

/// <summary>Addresses of tensor memory. A kernel may use one only while its tensor is alive.</summary>
internal static unsafe class TensorPointer
{
    /// <summary>Whether kernels can work on a tensor: in CPU memory, as float32 or bfloat16.</summary>
    public static bool Fits(Tensor tensor) => tensor.device_type == DeviceType.CPU && tensor.dtype is ScalarType.Float32 or ScalarType.BFloat16;

    /// <summary>Address of the first element; the tensor's rows are contiguous.</summary>
    public static T* Of<T>(Tensor tensor) where T : unmanaged
    {
        Span<byte> first = First(tensor);
        if (first.Length != sizeof(T)) throw new ArgumentException($"A {tensor.dtype} tensor was taken for one of {sizeof(T)} bytes an element.", nameof(tensor));
        return (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first));
    }

    /// <summary>Address of the first element, whatever its type.</summary>
    public static nint Address(Tensor tensor) => (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(First(tensor)));

    // A view of one element: the span over the whole of a large tensor would be longer than spans can be.
    private static Span<byte> First(Tensor tensor)
    {
        using Tensor flat = tensor.detach();
        using Tensor first = flat.as_strided([1], [1], tensor.storage_offset());
        return first.bytes;
    }
}
