using Flextron.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Native;

/// <summary>Tensors of weights, which are read from memory again and again: on the CPU they begin at a huge page and lie in such pages where the system has them.</summary>
public static class HugeTensor
{
    /// <summary>Tensors of fewer bytes stay where libtorch puts them: a processor's caches and its small pages' translations hold them.</summary>
    public const long SmallestBytes = HugePages.Size / 2;

    /// <summary>A tensor of one dimension of zeros that belongs to no scope.</summary>
    /// <param name="count">Elements.</param>
    /// <param name="dtype">Their type.</param>
    /// <param name="device">Where.</param>
    public static Tensor Zeros(long count, ScalarType dtype, Device device)
    {
        long size = dtype.ElementSize(), bytes = count * size;
        if (device.type != DeviceType.CPU || bytes < SmallestBytes) return zeros(count, dtype, device).DetachFromDisposeScope();
        // The last huge page is filled up, so that all of the tensor lies in such pages; what is never written costs no memory.
        long whole = (bytes + HugePages.Size - 1) / HugePages.Size * HugePages.Size;
        using var scope = NewDisposeScope();
        Tensor memory = empty((whole + HugePages.Size) / size, dtype, device);
        nint start = TensorPointer.Address(memory), first = (start + HugePages.Size - 1) & ~(nint)(HugePages.Size - 1);
        HugePages.Advise(first, whole);
        Tensor flat = memory.narrow(0, (first - start) / size, count).zero_();
        // Memory that the C library had in use before lies in small pages, advised or not.
        HugePages.Collapse(first, whole);
        return flat.DetachFromDisposeScope();
    }

    /// <summary>A copy in another type or on another device that belongs to no scope.</summary>
    /// <param name="source">Of one dimension.</param>
    /// <param name="dtype">Type of the copy.</param>
    /// <param name="device">Where.</param>
    public static Tensor Copy(Tensor source, ScalarType dtype, Device device)
    {
        using var noGrad = no_grad();
        return Zeros(source.numel(), dtype, device).copy_(source);
    }
}
