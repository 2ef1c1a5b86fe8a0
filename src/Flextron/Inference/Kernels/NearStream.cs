using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Flextron.Inference.Kernels;

/// <summary>
/// Asks for whole rows in the order in which they lie in memory, into the first cache: one long stream, which the processor then follows by itself,
/// where the four streams of the kernel end with every row.
/// </summary>
internal readonly unsafe struct NearStream : IReadAhead
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Rows(byte* row, nint stride, nint bytes)
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Step(byte* next, int bytes)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(next);
        if (bytes > ReadAhead.Line) Sse.Prefetch0(next + ReadAhead.Line);
        if (bytes > 2 * ReadAhead.Line)
        {
            Sse.Prefetch0(next + 2 * ReadAhead.Line);
            Sse.Prefetch0(next + 3 * ReadAhead.Line);
        }
    }
}
