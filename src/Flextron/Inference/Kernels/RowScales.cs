using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>The factors of a matrix's rows, applied to products with them.</summary>
internal static unsafe class RowScales<T, V> where T : ISimd<V> where V : struct
{
    /// <summary>y[r] *= scales[r].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* scales, int count, float* y)
    {
        int r = 0;
        for (; r + T.Count <= count; r += T.Count) T.Store(T.Multiply(T.Load(y + r), T.Load(scales + r)), y + r);
        if (r < count) T.StorePart(T.Multiply(T.LoadPart(y + r, count - r), T.LoadPart(scales + r, count - r)), y + r, count - r);
    }
}
