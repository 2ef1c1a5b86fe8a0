using System.Runtime.InteropServices;

namespace Flextron.Inference.Decoding;

/// <summary>Memory outside the managed heap, at addresses that vector units like. Its pages cost nothing until they are written.</summary>
internal sealed unsafe class NativeBuffer : SafeHandle
{
    private const int Alignment = 64;

    /// <summary>Allocates; nothing is cleared.</summary>
    /// <exception cref="FlextronException">There is not so much memory.</exception>
    public NativeBuffer(long bytes, string purpose) : base(0, ownsHandle: true)
    {
        try
        {
            // A vector of room behind the end, for kernels that read whole vectors.
            SetHandle((nint)NativeMemory.AlignedAlloc(checked((nuint)(bytes + Alignment)), Alignment));
        }
        catch (OutOfMemoryException e)
        {
            throw new FlextronException($"There is no memory for {purpose} ({bytes / (1 << 20)} MiB): use a shorter context or a smaller model.", e);
        }
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
