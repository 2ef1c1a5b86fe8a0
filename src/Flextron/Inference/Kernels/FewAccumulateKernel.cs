using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>
/// Sums of stored rows by the coefficients of a few tokens: rows are read straight from memory, in order, and the sums lie in a core's own cache.
/// For every column and token the same chain of operations as in <see cref="AccumulateKernel{T, V, TElement}"/>.
/// </summary>
internal static unsafe class FewAccumulateKernel<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <summary>sums[t, c] = Σ_r coefficient[r, t] · w[first + r, firstColumn + c].</summary>
    /// <param name="w">The weights.</param>
    /// <param name="first">First row.</param>
    /// <param name="count">Rows.</param>
    /// <param name="firstColumn">First column.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="coefficients_GR4">Scaled; of four tokens side by side for every row, group by group; zeros for tokens that do not exist.</param>
    /// <param name="groups">Groups of four tokens.</param>
    /// <param name="sums">Receives the sums of every group's four tokens.</param>
    /// <param name="sumStride">Floats from one token's to the next's.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sum(in WeightMatrix w, int first, int count, int firstColumn, int columns, float* coefficients_GR4, int groups, float* sums, nint sumStride)
    {
        for (int t = 0; t < 4 * groups; t++) new Span<float>(sums + t * sumStride, columns).Clear();
        nint stride = (nint)w.Columns * TElement.Size, from = (nint)firstColumn * TElement.Size;
        ReadAheadKind ahead = ReadAhead.For(stride, columns, (nint)columns * TElement.Size);
        for (int r = 0; r < count; r += 4)
        {
            byte* row = w.Row(first + r) + from;
            // The last rows may be fewer than four: such a step repeats one with zeros for coefficients.
            int last = Math.Min(3, count - r - 1);
            for (int g = 0; g < groups; g++)
            {
                float* k = coefficients_GR4 + 4 * ((nint)g * count + r);
                FourRows(g == 0 ? ahead : ReadAheadKind.None, row, stride, last, columns, k, sums + 4 * g * sumStride, sumStride);
            }
        }
    }

    private static void FourRows(ReadAheadKind ahead, byte* row, nint stride, int last, int columns, float* k, float* sum, nint sumStride)
    {
        switch (ahead)
        {
            case ReadAheadKind.Near: FourRows<NearStream>(row, stride, last, columns, k, sum, sumStride); break;
            case ReadAheadKind.Far: FourRows<FarStream>(row, stride, last, columns, k, sum, sumStride); break;
            case ReadAheadKind.Parts: FourRows<RowParts>(row, stride, last, columns, k, sum, sumStride); break;
            default: FourRows<NoReadAhead>(row, stride, last, columns, k, sum, sumStride); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<TAhead>(byte* row, nint stride, int last, int columns, float* k, float* sum, nint sumStride) where TAhead : IReadAhead
    {
        byte* row1 = row + Math.Min(1, last) * stride, row2 = row + Math.Min(2, last) * stride, row3 = row + last * stride, next = row + ReadAhead.Lead(stride);
        float* sum1 = sum + sumStride, sum2 = sum1 + sumStride, sum3 = sum2 + sumStride;
        float* none = stackalloc float[4];
        float* k1 = last >= 1 ? k + 4 : none, k2 = last >= 2 ? k + 8 : none, k3 = last >= 3 ? k + 12 : none;
        *(long*)none = ((long*)none)[1] = 0;
        V a0 = T.Broadcast(k[0]), a1 = T.Broadcast(k1[0]), a2 = T.Broadcast(k2[0]), a3 = T.Broadcast(k3[0]);
        V b0 = T.Broadcast(k[1]), b1 = T.Broadcast(k1[1]), b2 = T.Broadcast(k2[1]), b3 = T.Broadcast(k3[1]);
        V c0 = T.Broadcast(k[2]), c1 = T.Broadcast(k1[2]), c2 = T.Broadcast(k2[2]), c3 = T.Broadcast(k3[2]);
        V d0 = T.Broadcast(k[3]), d1 = T.Broadcast(k1[3]), d2 = T.Broadcast(k2[3]), d3 = T.Broadcast(k3[3]);
        nint c = 0;
        TAhead.Rows(row, stride, (nint)columns * TElement.Size);
        for (; c + T.Count <= columns; c += T.Count)
        {
            TAhead.Step(next + 4 * c * TElement.Size, 4 * T.Count * TElement.Size);
            V w0 = TElement.Load<T, V>(row, c), w1 = TElement.Load<T, V>(row1, c), w2 = TElement.Load<T, V>(row2, c), w3 = TElement.Load<T, V>(row3, c);
            T.Store(T.MultiplyAdd(w3, a3, T.MultiplyAdd(w2, a2, T.MultiplyAdd(w1, a1, T.MultiplyAdd(w0, a0, T.Load(sum + c))))), sum + c);
            T.Store(T.MultiplyAdd(w3, b3, T.MultiplyAdd(w2, b2, T.MultiplyAdd(w1, b1, T.MultiplyAdd(w0, b0, T.Load(sum1 + c))))), sum1 + c);
            T.Store(T.MultiplyAdd(w3, c3, T.MultiplyAdd(w2, c2, T.MultiplyAdd(w1, c1, T.MultiplyAdd(w0, c0, T.Load(sum2 + c))))), sum2 + c);
            T.Store(T.MultiplyAdd(w3, d3, T.MultiplyAdd(w2, d2, T.MultiplyAdd(w1, d1, T.MultiplyAdd(w0, d0, T.Load(sum3 + c))))), sum3 + c);
        }
        for (; c < columns; c++)
        {
            float w0 = TElement.Load(row, c), w1 = TElement.Load(row1, c), w2 = TElement.Load(row2, c), w3 = TElement.Load(row3, c);
            for (int t = 0; t < 4; t++)
            {
                float* s = sum + t * sumStride + c;
                *s = float.MultiplyAddEstimate(w3, k3[t], float.MultiplyAddEstimate(w2, k2[t], float.MultiplyAddEstimate(w1, k1[t], float.MultiplyAddEstimate(w0, k[t], *s))));
            }
        }
    }
}
