using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Flextron.Tests.Inference.Kernels;

/// <summary>
/// Values that end where memory ends: whoever reads or writes behind them ends the process (on Linux; elsewhere they find not-a-numbers, as they do in front of them
/// everywhere). What nobody has written has all bits set, which is no number as a float of either size.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int ReadWrite = 3, None = 0, PrivateAnonymous = 0x22;

    private readonly nint start, mapped, bytes;

    private GuardedMemory(nint bytes)
    {
        this.bytes = bytes;
        nint page = Environment.SystemPageSize, used = (bytes + 2 * page - 1) / page * page;
        mapped = used + page;
        if (OperatingSystem.IsLinux())
        {
            start = Map(0, mapped, ReadWrite, PrivateAnonymous, -1, 0);
            Assert.NotEqual(-1, start);
            Assert.Equal(0, Protect(start + used, page, None));
        }
        else
        {
            start = (nint)NativeMemory.Alloc((nuint)mapped);
            Unsafe.InitBlock((void*)(start + used), 0xff, (uint)page);
        }
        Unsafe.InitBlock((void*)start, 0xff, (uint)used);
        Address = start + used - bytes;
    }

    public nint Address { get; }

    public float* Floats => (float*)Address;

    public static GuardedMemory Of<T>(params ReadOnlySpan<T> values) where T : unmanaged
    {
        var memory = new GuardedMemory((nint)values.Length * sizeof(T));
        values.CopyTo(new Span<T>((void*)memory.Address, values.Length));
        return memory;
    }

    public static GuardedMemory OfFloats(long count) => new(checked((nint)count * sizeof(float)));

    /// <summary>The values, after a look whether anybody has written in front of them.</summary>
    public float[] ToArray()
    {
        Assert.Equal(-1, new Span<byte>((void*)start, (int)(Address - start)).IndexOfAnyExcept((byte)0xff));
        return new Span<float>((void*)Address, (int)(bytes / sizeof(float))).ToArray();
    }

    public void Dispose()
    {
        if (OperatingSystem.IsLinux()) Assert.Equal(0, Unmap(start, mapped));
        else NativeMemory.Free((void*)start);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nint length);
}
