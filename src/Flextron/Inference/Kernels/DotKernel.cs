using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Products of the rows of a stored matrix with one vector.</summary>
internal static unsafe class DotKernel<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <inheritdoc cref="IKernels.Dot"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dot(in WeightMatrix w, int first, int count, float* x, int columns, float* y)
    {
        nint stride = (nint)w.Columns * TElement.Size;
        byte* row = w.Row(first);
        int whole = columns - columns % T.Count, part = columns - whole, r = 0;
        V last = part > 0 ? T.LoadPart(x + whole, part) : default;
        if (count * stride > ReadAhead.LargestCached)
        {
            r = ReadAhead.For(stride, columns, (nint)columns * TElement.Size) switch
            {
                ReadAheadKind.Near => FourRows<NearStream>(row, stride, count, x, columns, y),
                ReadAheadKind.Far => FourRows<FarStream>(row, stride, count, x, columns, y),
                _ => FourRows<RowParts>(row, stride, count, x, columns, y),
            };
            row += r * stride;
        }
        for (; r + 8 <= count; r += 8, row += 8 * stride)
        {
            // Eight rows at once: each vector of x is read once for all, and eight chains of sums hide each other's latency.
            byte* row1 = row + stride, row2 = row1 + stride, row3 = row2 + stride, row4 = row3 + stride, row5 = row4 + stride, row6 = row5 + stride, row7 = row6 + stride;
            V s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            for (nint c = 0; c < whole; c += T.Count)
            {
                V v = T.Load(x + c);
                s0 = T.MultiplyAdd(TElement.Load<T, V>(row, c), v, s0);
                s1 = T.MultiplyAdd(TElement.Load<T, V>(row1, c), v, s1);
                s2 = T.MultiplyAdd(TElement.Load<T, V>(row2, c), v, s2);
                s3 = T.MultiplyAdd(TElement.Load<T, V>(row3, c), v, s3);
                s4 = T.MultiplyAdd(TElement.Load<T, V>(row4, c), v, s4);
                s5 = T.MultiplyAdd(TElement.Load<T, V>(row5, c), v, s5);
                s6 = T.MultiplyAdd(TElement.Load<T, V>(row6, c), v, s6);
                s7 = T.MultiplyAdd(TElement.Load<T, V>(row7, c), v, s7);
            }
            if (part > 0)
            {
                s0 = AddLast(row, whole, part, last, s0);
                s1 = AddLast(row1, whole, part, last, s1);
                s2 = AddLast(row2, whole, part, last, s2);
                s3 = AddLast(row3, whole, part, last, s3);
                s4 = AddLast(row4, whole, part, last, s4);
                s5 = AddLast(row5, whole, part, last, s5);
                s6 = AddLast(row6, whole, part, last, s6);
                s7 = AddLast(row7, whole, part, last, s7);
            }
            T.Sum4(s0, s1, s2, s3, y + r);
            T.Sum4(s4, s5, s6, s7, y + r + 4);
        }
        for (; r < count && count >= 4; r += 4)
        {
            // What is left, four at a time: the last four may begin with rows that are done, whose sums come out the same once more.
            int at = Math.Min(r, count - 4);
            FourRows<NoReadAhead>(w.Row(first + at), stride, 4, x, columns, y + at);
        }
        for (; r < count; r++, row += stride)
        {
            V s = default;
            for (nint c = 0; c < whole; c += T.Count) s = T.MultiplyAdd(TElement.Load<T, V>(row, c), T.Load(x + c), s);
            y[r] = T.Sum(part > 0 ? AddLast(row, whole, part, last, s) : s);
        }
        if (w.Scales != 0) RowScales<T, V>.Apply((float*)w.Scales + first, count, y);
    }

    // Few rows at a time where they come from memory, and what comes next asked for early: more streams are more than the processor follows by itself.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int FourRows<TAhead>(byte* row, nint stride, int count, float* x, int columns, float* y) where TAhead : IReadAhead
    {
        nint lead = ReadAhead.Lead(stride);
        int whole = columns - columns % T.Count, part = columns - whole;
        V last = part > 0 ? T.LoadPart(x + whole, part) : default;
        int r = 0;
        for (; r + 4 <= count; r += 4, row += 4 * stride)
        {
            byte* row1 = row + stride, row2 = row1 + stride, row3 = row2 + stride, next = row + lead;
            V s0 = default, s1 = default, s2 = default, s3 = default;
            TAhead.Rows(row, stride, (nint)columns * TElement.Size);
            for (nint c = 0; c < whole; c += T.Count)
            {
                TAhead.Step(next + 4 * c * TElement.Size, 4 * T.Count * TElement.Size);
                V v = T.Load(x + c);
                s0 = T.MultiplyAdd(TElement.Load<T, V>(row, c), v, s0);
                s1 = T.MultiplyAdd(TElement.Load<T, V>(row1, c), v, s1);
                s2 = T.MultiplyAdd(TElement.Load<T, V>(row2, c), v, s2);
                s3 = T.MultiplyAdd(TElement.Load<T, V>(row3, c), v, s3);
            }
            if (part > 0)
            {
                s0 = AddLast(row, whole, part, last, s0);
                s1 = AddLast(row1, whole, part, last, s1);
                s2 = AddLast(row2, whole, part, last, s2);
                s3 = AddLast(row3, whole, part, last, s3);
            }
            T.Sum4(s0, s1, s2, s3, y + r);
        }
        return r;
    }

    // Columns beyond the last whole vector, as one that is filled in part: the other lanes add nothing.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V AddLast(byte* row, nint whole, int part, V last, V sum) => T.MultiplyAdd(TElement.LoadPart<T, V>(row, whole, part), last, sum);
}
