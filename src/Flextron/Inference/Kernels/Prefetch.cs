using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Requests to bring memory near before it is read.</summary>
internal static unsafe class Prefetch
{
    /// <summary>Asks for what a step of four dense rows reads, in the order in which it lies in memory. Asking never faults, wherever it points.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Sweep<T, V, TElement>(byte* next) where T : ISimd<V> where V : struct where TElement : IWeightElement
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(next);
        if (4 * T.Count * TElement.Size > 64) Sse.Prefetch0(next + 64);
        if (4 * T.Count * TElement.Size > 128)
        {
            Sse.Prefetch0(next + 128);
            Sse.Prefetch0(next + 192);
        }
    }

    /// <summary>Asks for the same columns of the next four rows, where rows are read in part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ahead(byte* next, nint stride)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(next);
        Sse.Prefetch0(next + stride);
        Sse.Prefetch0(next + 2 * stride);
        Sse.Prefetch0(next + 3 * stride);
    }
}
