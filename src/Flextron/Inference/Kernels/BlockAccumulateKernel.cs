using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Sums of float32 rows by the coefficients of a block of tokens: for every column and token the same chain of operations as in <see cref="AccumulateKernel{T, V, TElement}"/>.</summary>
internal static unsafe class BlockAccumulateKernel<T, V> where T : ISimd<V> where V : struct
{
    /// <summary>Columns of a whole panel.</summary>
    public static int PanelColumns => 4 * T.Count;

    /// <summary>target_t[c] += Σ_r coefficient[r, t] · panel[r, c] for the columns of a whole panel.</summary>
    /// <param name="panel">Rows of <see cref="PanelColumns"/> floats each, one behind the other.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="coefficients_R4">Of four tokens side by side.</param>
    /// <param name="tokens">1 to 4 of them that exist.</param>
    /// <param name="target0">The first token's first column.</param>
    /// <param name="target1">The second's, and so on; not read where there is none.</param>
    /// <param name="target2">The third's.</param>
    /// <param name="target3">The fourth's.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* panel, int rows, float* coefficients_R4, int tokens, float* target0, float* target1, float* target2, float* target3)
    {
        V s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
        V s20 = default, s21 = default, s22 = default, s23 = default, s30 = default, s31 = default, s32 = default, s33 = default;
        for (int r = 0; r < rows; r++, panel += 4 * T.Count, coefficients_R4 += 4)
        {
            V w0 = T.Load(panel), w1 = T.Load(panel + T.Count), w2 = T.Load(panel + 2 * T.Count), w3 = T.Load(panel + 3 * T.Count);
            V k = T.Broadcast(coefficients_R4[0]);
            s00 = T.MultiplyAdd(w0, k, s00);
            s01 = T.MultiplyAdd(w1, k, s01);
            s02 = T.MultiplyAdd(w2, k, s02);
            s03 = T.MultiplyAdd(w3, k, s03);
            k = T.Broadcast(coefficients_R4[1]);
            s10 = T.MultiplyAdd(w0, k, s10);
            s11 = T.MultiplyAdd(w1, k, s11);
            s12 = T.MultiplyAdd(w2, k, s12);
            s13 = T.MultiplyAdd(w3, k, s13);
            k = T.Broadcast(coefficients_R4[2]);
            s20 = T.MultiplyAdd(w0, k, s20);
            s21 = T.MultiplyAdd(w1, k, s21);
            s22 = T.MultiplyAdd(w2, k, s22);
            s23 = T.MultiplyAdd(w3, k, s23);
            k = T.Broadcast(coefficients_R4[3]);
            s30 = T.MultiplyAdd(w0, k, s30);
            s31 = T.MultiplyAdd(w1, k, s31);
            s32 = T.MultiplyAdd(w2, k, s32);
            s33 = T.MultiplyAdd(w3, k, s33);
        }
        AddTo(target0, s00, s01, s02, s03);
        if (tokens > 1) AddTo(target1, s10, s11, s12, s13);
        if (tokens > 2) AddTo(target2, s20, s21, s22, s23);
        if (tokens > 3) AddTo(target3, s30, s31, s32, s33);
    }

    /// <summary>The same for the columns of a narrower panel, two vectors of them at a time.</summary>
    /// <param name="panel">Rows one behind the other, of so many whole vectors as hold <paramref name="columns"/> floats.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns, fewer than <see cref="PanelColumns"/>.</param>
    /// <param name="coefficients_R4">As above.</param>
    /// <param name="tokens">As above.</param>
    /// <param name="target0">As above, and so on.</param>
    /// <param name="target1">The second's.</param>
    /// <param name="target2">The third's.</param>
    /// <param name="target3">The fourth's.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddNarrow(float* panel, int rows, int columns, float* coefficients_R4, int tokens, float* target0, float* target1, float* target2, float* target3)
    {
        int stride = NarrowStride(columns);
        for (int c = 0; c < columns; c += 2 * T.Count)
        {
            // Where there is no second vector the first is computed twice.
            int first = Math.Min(T.Count, columns - c), second = Math.Clamp(columns - c - T.Count, 0, T.Count);
            nint apart = second > 0 ? T.Count : 0;
            float* row = panel + c, k = coefficients_R4;
            V s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
            for (int r = 0; r < rows; r++, row += stride, k += 4)
            {
                V w0 = T.Load(row), w1 = T.Load(row + apart), v = T.Broadcast(k[0]);
                s00 = T.MultiplyAdd(w0, v, s00);
                s01 = T.MultiplyAdd(w1, v, s01);
                v = T.Broadcast(k[1]);
                s10 = T.MultiplyAdd(w0, v, s10);
                s11 = T.MultiplyAdd(w1, v, s11);
                v = T.Broadcast(k[2]);
                s20 = T.MultiplyAdd(w0, v, s20);
                s21 = T.MultiplyAdd(w1, v, s21);
                v = T.Broadcast(k[3]);
                s30 = T.MultiplyAdd(w0, v, s30);
                s31 = T.MultiplyAdd(w1, v, s31);
            }
            AddPairTo(target0 + c, s00, first, s01, second);
            if (tokens > 1) AddPairTo(target1 + c, s10, first, s11, second);
            if (tokens > 2) AddPairTo(target2 + c, s20, first, s21, second);
            if (tokens > 3) AddPairTo(target3 + c, s30, first, s31, second);
        }
    }

    /// <summary>Floats from one row of a narrower panel to the next.</summary>
    public static int NarrowStride(int columns) => (columns + T.Count - 1) / T.Count * T.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddPairTo(float* target, V a, int first, V b, int second)
    {
        AddKernel<T, V>.AddVector(target, a, first);
        if (second > 0) AddKernel<T, V>.AddVector(target + T.Count, b, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* target, V a, V b, V c, V d)
    {
        T.Store(T.Add(T.Load(target), a), target);
        T.Store(T.Add(T.Load(target + T.Count), b), target + T.Count);
        T.Store(T.Add(T.Load(target + 2 * T.Count), c), target + 2 * T.Count);
        T.Store(T.Add(T.Load(target + 3 * T.Count), d), target + 3 * T.Count);
    }
}
