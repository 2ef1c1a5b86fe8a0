using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Flextron.Inference.Kernels;

/// <summary>
/// Asks for the beginnings of rows. With gaps there is no stream for the processor to follow: all requests come from here, and go to the
/// second cache, which can have more of them under way than the first.
/// </summary>
internal readonly unsafe struct RowParts : IReadAhead
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Rows(byte* row, nint stride, nint bytes)
    {
        if (!Sse.IsSupported) return;
        byte* next = row + 8 * stride;
        for (int r = 0; r < 4; r++, next += stride)
            for (nint at = 0; at < bytes; at += ReadAhead.Line) Sse.Prefetch1(next + at);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Step(byte* next, int bytes)
    {
    }
}
