using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>
/// Copies rectangles of stored weights together as float32, so that a block of tokens meets each of them converted once, side by side, and in a
/// core's own cache.
/// </summary>
internal static unsafe class PanelKernel<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <summary>panel[r, c] = w[firstRow + r, firstColumn + c], not scaled; rows are written by whole vectors, with zeros behind the last column.</summary>
    /// <param name="w">The weights.</param>
    /// <param name="firstRow">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="firstColumn">First column.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="panel">Receives them.</param>
    /// <param name="stride">Floats from one row of the panel to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Read(in WeightMatrix w, int firstRow, int rows, int firstColumn, int columns, float* panel, nint stride)
    {
        int whole = columns - columns % T.Count;
        for (int r = 0; r < rows; r++, panel += stride)
        {
            byte* row = w.Row(firstRow + r);
            for (int c = 0; c < whole; c += T.Count) T.Store(TElement.Load<T, V>(row, firstColumn + c), panel + c);
            if (whole < columns) T.Store(TElement.LoadPart<T, V>(row, firstColumn + whole, columns - whole), panel + whole);
        }
    }

    /// <inheritdoc cref="IKernels.ReadRow"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ReadRow(in WeightMatrix w, int row, int columns, float* y)
    {
        int whole = columns - columns % T.Count;
        byte* weights = w.Row(row);
        V scale = T.Broadcast(w.Scale(row));
        for (int c = 0; c < whole; c += T.Count) T.Store(T.Multiply(TElement.Load<T, V>(weights, c), scale), y + c);
        if (whole < columns) T.StorePart(T.Multiply(TElement.LoadPart<T, V>(weights, whole, columns - whole), scale), y + whole, columns - whole);
    }
}
