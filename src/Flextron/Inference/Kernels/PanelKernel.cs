using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>
/// Copies rectangles of stored weights together as float32, so that a block of tokens meets each of them converted once, side by side, and in a
/// core's own cache.
/// </summary>
internal static unsafe class PanelKernel<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <summary>panel[r, c] = w[firstRow + r, firstColumn + c], not scaled.</summary>
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
            for (int c = whole; c < columns; c++) panel[c] = TElement.Load(row, firstColumn + c);
        }
    }
}
