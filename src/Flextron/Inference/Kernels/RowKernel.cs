using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Reads stored rows as float32.</summary>
internal static unsafe class RowKernel<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <inheritdoc cref="IKernels.ReadRow"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Read(in WeightMatrix w, int row, int columns, float* y)
    {
        int whole = columns - columns % T.Count;
        byte* weights = w.Row(row);
        V scale = T.Broadcast(w.Scale(row));
        for (int c = 0; c < whole; c += T.Count) T.Store(T.Multiply(TElement.Load<T, V>(weights, c), scale), y + c);
        if (whole < columns) T.StorePart(T.Multiply(TElement.LoadPart<T, V>(weights, whole, columns - whole), scale), y + whole, columns - whole);
    }
}
