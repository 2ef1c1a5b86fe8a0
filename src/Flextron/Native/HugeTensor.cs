using System.Runtime.InteropServices;
using Flextron.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Native;

/// <summary>Tensors of weights, which are read from memory again and again: on the CPU of a Linux system they begin at a huge page and lie in such pages where the system has them.</summary>
public static class HugeTensor
{
    /// <summary>Tensors of fewer bytes stay where libtorch puts them: a processor's caches and its small pages' translations hold them.</summary>
    public const long SmallestBytes = HugePages.Size / 2;

    /// <summary>A tensor of one dimension of zeros that belongs to no scope.</summary>
    /// <param name="count">Elements.</param>
    /// <param name="dtype">Their type.</param>
    /// <param name="device">Where.</param>
    /// <exception cref="FlextronException">There is not so much memory.</exception>
    public static Tensor Zeros(long count, ScalarType dtype, Device device) => Filled(count, dtype, device, static t => t.zero_());

    /// <summary>A copy in another type or on another device that belongs to no scope.</summary>
    /// <param name="source">Of one dimension.</param>
    /// <param name="dtype">Type of the copy.</param>
    /// <param name="device">Where.</param>
    /// <exception cref="FlextronException">There is not so much memory.</exception>
    public static Tensor Copy(Tensor source, ScalarType dtype, Device device)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Filled(source.numel(), dtype, device, t =>
        {
            using var noGrad = no_grad();
            t.copy_(source);
        });
    }

    /// <summary>
    /// Bytes of the huge pages that a tensor is to lie in: a last page of which it fills half or more is a huge one too, and what is left over of that is all that huge pages
    /// cost; a smaller rest stays in small pages.
    /// </summary>
    /// <param name="bytes">The tensor's, <see cref="SmallestBytes"/> or more.</param>
    internal static long HugeBytes(long bytes) => (bytes + HugePages.Size - SmallestBytes) / HugePages.Size * HugePages.Size;

    private static Tensor Filled(long count, ScalarType dtype, Device device, Action<Tensor> fill)
    {
        using var scope = NewDisposeScope();
        long size = dtype.ElementSize(), bytes = count * size;
        if (device.type != DeviceType.CPU || bytes < SmallestBytes || !OperatingSystem.IsLinux())
        {
            Tensor plain = Empty(count, dtype, device, bytes);
            fill(plain);
            return plain.DetachFromDisposeScope();
        }
        long huge = HugeBytes(bytes);
        // A page more than that, to begin at one: what is never written costs no memory.
        Tensor memory = Empty((Math.Max(huge, bytes) + HugePages.Size) / size, dtype, device, bytes);
        nint start = TensorPointer.Address(memory), first = (start + HugePages.Size - 1) & ~(nint)(HugePages.Size - 1);
        HugePages.Advise(first, huge);
        Tensor flat = memory.narrow(0, (first - start) / size, count);
        fill(flat);
        // Memory that the C library had in use before lies in small pages, advised or not.
        HugePages.Collapse(first, huge);
        return flat.DetachFromDisposeScope();
    }

    private static Tensor Empty(long count, ScalarType dtype, Device device, long bytes)
    {
        try
        {
            return empty(count, dtype, device);
        }
        catch (ExternalException e)
        {
            throw new FlextronException($"There is no memory for {bytes >> 20} MiB of weights as {dtype} on {device}: use a smaller model, a smaller type of weights, or another device.", e);
        }
    }
}
