using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>
/// Sums of stored rows by the coefficients of four tokens: rows are read straight from memory, in order, and the sums lie in a core's own cache.
/// For every column and token the same chain of operations as in <see cref="AccumulateKernel{T, V, TElement}"/>.
/// </summary>
internal static unsafe class BlockAccumulateKernel<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <summary>sums[t, c] = Σ_r coefficient[r, t] · w[first + r, firstColumn + c].</summary>
    /// <param name="w">The weights.</param>
    /// <param name="first">First row.</param>
    /// <param name="count">Rows.</param>
    /// <param name="firstColumn">First column.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="coefficients_R4">Scaled; of the four tokens side by side for every row; zeros for tokens that do not exist.</param>
    /// <param name="sums">Receives the sums of the four tokens, by whole vectors.</param>
    /// <param name="sumStride">Floats from one token's to the next's: room for whole vectors.</param>
    /// <param name="ahead">Whether the rows come from memory: they are then asked for early.</param>
    public static void Sum(in WeightMatrix w, int first, int count, int firstColumn, int columns, float* coefficients_R4, float* sums, int sumStride, bool ahead)
    {
        new Span<float>(sums, 4 * sumStride).Clear();
        nint stride = (nint)w.Columns * TElement.Size;
        byte* row = w.Row(first) + (nint)firstColumn * TElement.Size;
        int r = (ahead ? ReadAhead.For(stride, columns, (nint)columns * TElement.Size) : ReadAheadKind.None) switch
        {
            ReadAheadKind.Near => FourRows<NearStream>(row, stride, count, columns, coefficients_R4, sums, sumStride),
            ReadAheadKind.Far => FourRows<FarStream>(row, stride, count, columns, coefficients_R4, sums, sumStride),
            ReadAheadKind.Parts => FourRows<RowParts>(row, stride, count, columns, coefficients_R4, sums, sumStride),
            _ => FourRows<NoReadAhead>(row, stride, count, columns, coefficients_R4, sums, sumStride),
        };
        row += r * stride;
        coefficients_R4 += 4 * r;
        for (; r < count; r++, row += stride, coefficients_R4 += 4) OneRow(row, columns, coefficients_R4, sums, sumStride);
    }

    // Four rows at a time, as many as there are; how many those were.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int FourRows<TAhead>(byte* row, nint stride, int count, int columns, float* k, float* sum, nint sumStride) where TAhead : IReadAhead
    {
        float* sum1 = sum + sumStride, sum2 = sum1 + sumStride, sum3 = sum2 + sumStride;
        nint lead = ReadAhead.Lead(stride);
        int r = 0;
        for (; r + 4 <= count; r += 4, row += 4 * stride, k += 16)
        {
            byte* row1 = row + stride, row2 = row1 + stride, row3 = row2 + stride, next = row + lead;
            V a0 = T.Broadcast(k[0]), a1 = T.Broadcast(k[4]), a2 = T.Broadcast(k[8]), a3 = T.Broadcast(k[12]);
            V b0 = T.Broadcast(k[1]), b1 = T.Broadcast(k[5]), b2 = T.Broadcast(k[9]), b3 = T.Broadcast(k[13]);
            V c0 = T.Broadcast(k[2]), c1 = T.Broadcast(k[6]), c2 = T.Broadcast(k[10]), c3 = T.Broadcast(k[14]);
            V d0 = T.Broadcast(k[3]), d1 = T.Broadcast(k[7]), d2 = T.Broadcast(k[11]), d3 = T.Broadcast(k[15]);
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
            if (c == columns) continue;
            int part = columns - (int)c;
            V p0 = TElement.LoadPart<T, V>(row, c, part), p1 = TElement.LoadPart<T, V>(row1, c, part), p2 = TElement.LoadPart<T, V>(row2, c, part), p3 = TElement.LoadPart<T, V>(row3, c, part);
            AddRows(p0, p1, p2, p3, a0, a1, a2, a3, sum + c);
            AddRows(p0, p1, p2, p3, b0, b1, b2, b3, sum1 + c);
            AddRows(p0, p1, p2, p3, c0, c1, c2, c3, sum2 + c);
            AddRows(p0, p1, p2, p3, d0, d1, d2, d3, sum3 + c);
        }
        return r;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow(byte* row, int columns, float* k, float* sum, nint sumStride)
    {
        V a = T.Broadcast(k[0]), b = T.Broadcast(k[1]), c = T.Broadcast(k[2]), d = T.Broadcast(k[3]);
        for (int i = 0; i < columns; i += T.Count, sum += T.Count)
        {
            V w = columns - i >= T.Count ? TElement.Load<T, V>(row, i) : TElement.LoadPart<T, V>(row, i, columns - i);
            T.Store(T.MultiplyAdd(w, a, T.Load(sum)), sum);
            T.Store(T.MultiplyAdd(w, b, T.Load(sum + sumStride)), sum + sumStride);
            T.Store(T.MultiplyAdd(w, c, T.Load(sum + 2 * sumStride)), sum + 2 * sumStride);
            T.Store(T.MultiplyAdd(w, d, T.Load(sum + 3 * sumStride)), sum + 3 * sumStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRows(V w0, V w1, V w2, V w3, V k0, V k1, V k2, V k3, float* sum) =>
        T.Store(T.MultiplyAdd(w3, k3, T.MultiplyAdd(w2, k2, T.MultiplyAdd(w1, k1, T.MultiplyAdd(w0, k0, T.Load(sum))))), sum);
}
