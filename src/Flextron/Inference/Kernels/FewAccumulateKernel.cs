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
    /// <param name="sums">Receives the sums of every group's four tokens, by whole vectors.</param>
    /// <param name="sumStride">Floats from one token's to the next's: room for whole vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sum(in WeightMatrix w, int first, int count, int firstColumn, int columns, float* coefficients_GR4, int groups, float* sums, nint sumStride)
    {
        for (int t = 0; t < 4 * groups; t++) new Span<float>(sums + t * sumStride, checked((int)sumStride)).Clear();
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
            AddRows(w0, w1, w2, w3, a0, a1, a2, a3, sum + c);
            AddRows(w0, w1, w2, w3, b0, b1, b2, b3, sum1 + c);
            AddRows(w0, w1, w2, w3, c0, c1, c2, c3, sum2 + c);
            AddRows(w0, w1, w2, w3, d0, d1, d2, d3, sum3 + c);
        }
        if (c < columns)
        {
            int part = columns - (int)c;
            V w0 = TElement.LoadPart<T, V>(row, c, part), w1 = TElement.LoadPart<T, V>(row1, c, part), w2 = TElement.LoadPart<T, V>(row2, c, part), w3 = TElement.LoadPart<T, V>(row3, c, part);
            AddRows(w0, w1, w2, w3, a0, a1, a2, a3, sum + c);
            AddRows(w0, w1, w2, w3, b0, b1, b2, b3, sum1 + c);
            AddRows(w0, w1, w2, w3, c0, c1, c2, c3, sum2 + c);
            AddRows(w0, w1, w2, w3, d0, d1, d2, d3, sum3 + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRows(V w0, V w1, V w2, V w3, V k0, V k1, V k2, V k3, float* sum) =>
        T.Store(T.MultiplyAdd(w3, k3, T.MultiplyAdd(w2, k2, T.MultiplyAdd(w1, k1, T.MultiplyAdd(w0, k0, T.Load(sum))))), sum);
}
