using System.Runtime.CompilerServices;

namespace Flextron.Inference.Kernels;

/// <summary>For rows that are in a cache already.</summary>
internal readonly unsafe struct NoReadAhead : IReadAhead
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
    }
}
