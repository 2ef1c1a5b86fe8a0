using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Sums of the rows of a stored matrix, each by its coefficient.</summary>
internal static unsafe class AccumulateKernel<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <inheritdoc cref="IKernels.Accumulate"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Accumulate(in WeightMatrix w, int first, int count, float* coefficients, int columns, float* sum)
    {
        nint stride = (nint)w.Columns * TElement.Size;
        byte* row = w.Row(first);
        int whole = columns - columns % T.Count, part = columns - whole, r = 0;
        // Columns beyond the last whole vector: their sums stay in a vector that is filled in part, whose other lanes nobody reads.
        V last = part > 0 ? T.LoadPart(sum + whole, part) : default;
        if (count * stride > ReadAhead.LargestCached)
        {
            // A copy: a variable that anything refers to is kept in memory, and the loops below need this one in a register.
            V carried = last;
            r = ReadAhead.For(stride, columns, (nint)columns * TElement.Size) switch
            {
                ReadAheadKind.Near => FourRows<NearStream>(w, first, count, coefficients, columns, sum, ref carried),
                ReadAheadKind.Far => FourRows<FarStream>(w, first, count, coefficients, columns, sum, ref carried),
                _ => FourRows<RowParts>(w, first, count, coefficients, columns, sum, ref carried),
            };
            last = carried;
            row += r * stride;
        }
        for (; r + 8 <= count; r += 8, row += 8 * stride)
        {
            byte* row1 = row + stride, row2 = row1 + stride, row3 = row2 + stride, row4 = row3 + stride, row5 = row4 + stride, row6 = row5 + stride, row7 = row6 + stride;
            float k0 = Coefficient(w, first, r, coefficients), k1 = Coefficient(w, first, r + 1, coefficients);
            float k2 = Coefficient(w, first, r + 2, coefficients), k3 = Coefficient(w, first, r + 3, coefficients);
            float k4 = Coefficient(w, first, r + 4, coefficients), k5 = Coefficient(w, first, r + 5, coefficients);
            float k6 = Coefficient(w, first, r + 6, coefficients), k7 = Coefficient(w, first, r + 7, coefficients);
            V v0 = T.Broadcast(k0), v1 = T.Broadcast(k1), v2 = T.Broadcast(k2), v3 = T.Broadcast(k3), v4 = T.Broadcast(k4), v5 = T.Broadcast(k5), v6 = T.Broadcast(k6), v7 = T.Broadcast(k7);
            for (nint c = 0; c < whole; c += T.Count)
            {
                V s = T.Load(sum + c);
                s = T.MultiplyAdd(TElement.Load<T, V>(row, c), v0, s);
                s = T.MultiplyAdd(TElement.Load<T, V>(row1, c), v1, s);
                s = T.MultiplyAdd(TElement.Load<T, V>(row2, c), v2, s);
                s = T.MultiplyAdd(TElement.Load<T, V>(row3, c), v3, s);
                s = T.MultiplyAdd(TElement.Load<T, V>(row4, c), v4, s);
                s = T.MultiplyAdd(TElement.Load<T, V>(row5, c), v5, s);
                s = T.MultiplyAdd(TElement.Load<T, V>(row6, c), v6, s);
                s = T.MultiplyAdd(TElement.Load<T, V>(row7, c), v7, s);
                T.Store(s, sum + c);
            }
            if (part == 0) continue;
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row, whole, part), v0, last);
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row1, whole, part), v1, last);
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row2, whole, part), v2, last);
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row3, whole, part), v3, last);
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row4, whole, part), v4, last);
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row5, whole, part), v5, last);
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row6, whole, part), v6, last);
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row7, whole, part), v7, last);
        }
        for (; r < count; r++, row += stride)
        {
            V v = T.Broadcast(Coefficient(w, first, r, coefficients));
            for (nint c = 0; c < whole; c += T.Count) T.Store(T.MultiplyAdd(TElement.Load<T, V>(row, c), v, T.Load(sum + c)), sum + c);
            if (part > 0) last = T.MultiplyAdd(TElement.LoadPart<T, V>(row, whole, part), v, last);
        }
        if (part > 0) T.StorePart(last, sum + whole, part);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int FourRows<TAhead>(in WeightMatrix w, int first, int count, float* coefficients, int columns, float* sum, ref V last) where TAhead : IReadAhead
    {
        nint stride = (nint)w.Columns * TElement.Size, lead = ReadAhead.Lead(stride);
        int whole = columns - columns % T.Count, part = columns - whole;
        byte* row = w.Row(first);
        int r = 0;
        for (; r + 4 <= count; r += 4, row += 4 * stride)
        {
            byte* row1 = row + stride, row2 = row1 + stride, row3 = row2 + stride, next = row + lead;
            V v0 = T.Broadcast(Coefficient(w, first, r, coefficients)), v1 = T.Broadcast(Coefficient(w, first, r + 1, coefficients));
            V v2 = T.Broadcast(Coefficient(w, first, r + 2, coefficients)), v3 = T.Broadcast(Coefficient(w, first, r + 3, coefficients));
            TAhead.Rows(row, stride, (nint)columns * TElement.Size);
            for (nint c = 0; c < whole; c += T.Count)
            {
                TAhead.Step(next + 4 * c * TElement.Size, 4 * T.Count * TElement.Size);
                V s = T.Load(sum + c);
                s = T.MultiplyAdd(TElement.Load<T, V>(row, c), v0, s);
                s = T.MultiplyAdd(TElement.Load<T, V>(row1, c), v1, s);
                s = T.MultiplyAdd(TElement.Load<T, V>(row2, c), v2, s);
                s = T.MultiplyAdd(TElement.Load<T, V>(row3, c), v3, s);
                T.Store(s, sum + c);
            }
            if (part == 0) continue;
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row, whole, part), v0, last);
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row1, whole, part), v1, last);
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row2, whole, part), v2, last);
            last = T.MultiplyAdd(TElement.LoadPart<T, V>(row3, whole, part), v3, last);
        }
        return r;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Coefficient(in WeightMatrix w, int first, int r, float* coefficients) =>
        w.Scales == 0 ? coefficients[r] : coefficients[r] * ((float*)w.Scales)[first + r];
}
