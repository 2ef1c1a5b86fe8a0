using System.Runtime.InteropServices;
using Flextron.Native;

namespace Flextron.Inference.Decoding;

/// <summary>Memory outside the managed heap, at addresses that vector units like. Its pages cost nothing until they are written.</summary>
internal sealed unsafe class NativeBuffer : SafeHandle
{
    private const int Alignment = 64;

    /// <summary>Allocates; nothing is cleared.</summary>
    /// <param name="bytes">Size.</param>
    /// <param name="purpose">What it is for, should there not be so much.</param>
    /// <param name="filled">Whether all of it will be written and then read again and again, so that huge pages pay; memory of which only a part may ever be used stays in small ones.</param>
    /// <exception cref="FlextronException">There is not so much memory.</exception>
    public NativeBuffer(long bytes, string purpose, bool filled = false) : base(0, ownsHandle: true)
    {
        bool huge = filled && bytes >= HugeTensor.SmallestBytes;
        // A vector of room behind the end, for kernels that read whole vectors.
        long size = huge ? (bytes + Alignment + HugePages.Size - 1) / HugePages.Size * HugePages.Size : bytes + Alignment;
        try
        {
            SetHandle((nint)NativeMemory.AlignedAlloc(checked((nuint)size), huge ? HugePages.Size : (nuint)Alignment));
        }
        catch (OutOfMemoryException e)
        {
            throw new FlextronException($"There is no memory for {purpose} ({bytes / (1 << 20)} MiB): use a shorter context or a smaller model.", e);
        }
        if (huge) HugePages.Advise(handle, size);
        Bytes = bytes;
    }

    /// <summary>Size.</summary>
    public long Bytes { get; }

    /// <summary>First byte.</summary>
    public byte* Start => (byte*)handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}
