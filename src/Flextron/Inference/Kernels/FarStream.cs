using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Flextron.Inference.Kernels;

/// <summary>
/// As <see cref="NearStream"/>, into the second cache: four long rows and those asked for would drive the vector that they meet out of the first.
/// </summary>
internal readonly unsafe struct FarStream : IReadAhead
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
        Sse.Prefetch1(next);
        if (bytes > ReadAhead.Line) Sse.Prefetch1(next + ReadAhead.Line);
        if (bytes > 2 * ReadAhead.Line)
        {
            Sse.Prefetch1(next + 2 * ReadAhead.Line);
            Sse.Prefetch1(next + 3 * ReadAhead.Line);
        }
    }
}
