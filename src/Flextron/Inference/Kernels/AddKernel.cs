using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Sums of two vectors.</summary>
internal static unsafe class AddKernel<T, V> where T : ISimd<V> where V : struct
{
    /// <inheritdoc cref="IKernels.Add"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* target, float* source, int count)
    {
        int i = 0;
        for (; i + T.Count <= count; i += T.Count) T.Store(T.Add(T.Load(target + i), T.Load(source + i)), target + i);
        if (i < count) AddVector(target + i, T.LoadPart(source + i, count - i), count - i);
    }

    /// <summary>Adds the first so many lanes of a vector, or all of them where there are no more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddVector(float* target, V value, int count)
    {
        if (count >= T.Count) T.Store(T.Add(T.Load(target), value), target);
        else T.StorePart(T.Add(T.LoadPart(target, count), value), target, count);
    }
}
