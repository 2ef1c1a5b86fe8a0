using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Flextron.Inference.Kernels;

/// <summary>Products of stored weights with float32 vectors.</summary>
internal static unsafe class MatrixKernels<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <summary>Weights of a call beyond which they are taken to come from memory rather than from a core's own cache.</summary>
    private const nint CacheBytes = 1 << 18;

    /// <inheritdoc cref="IKernels.Dot"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dot(in WeightMatrix w, int first, int count, float* x, int columns, float* y)
    {
        nint stride = (nint)w.Columns * TElement.Size;
        byte* row = w.Row(first);
        int whole = columns - columns % T.Count, r = 0;
        if (count * stride > CacheBytes)
        {
            // From memory, few rows at a time and what comes next asked for early: more streams are more than the processor follows by itself.
            bool dense = whole == w.Columns;
            for (; r + 4 <= count; r += 4, row += 4 * stride)
            {
                byte* row1 = row + stride, row2 = row1 + stride, row3 = row2 + stride, next = row + 4 * stride;
                V s0 = default, s1 = default, s2 = default, s3 = default;
                for (nint c = 0; c < whole; c += T.Count)
                {
                    if (dense) Sweep(next + 4 * c * TElement.Size);
                    else Ahead(next + c * TElement.Size, stride);
                    V v = T.Load(x + c);
                    s0 = T.MultiplyAdd(TElement.Load<T, V>(row, c), v, s0);
                    s1 = T.MultiplyAdd(TElement.Load<T, V>(row1, c), v, s1);
                    s2 = T.MultiplyAdd(TElement.Load<T, V>(row2, c), v, s2);
                    s3 = T.MultiplyAdd(TElement.Load<T, V>(row3, c), v, s3);
                }
                T.Sum4(s0, s1, s2, s3, y + r);
            }
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
            T.Sum4(s0, s1, s2, s3, y + r);
            T.Sum4(s4, s5, s6, s7, y + r + 4);
        }
        for (; r < count; r++, row += stride)
        {
            V s = default;
            for (nint c = 0; c < whole; c += T.Count) s = T.MultiplyAdd(TElement.Load<T, V>(row, c), T.Load(x + c), s);
            y[r] = T.Sum(s);
        }
        if (whole < columns) AddTail(w, first, count, x, whole, columns, y);
        if (w.Scales != 0) Scale((float*)w.Scales + first, count, y);
    }

    /// <inheritdoc cref="IKernels.DotBlock"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DotBlock(in WeightMatrix w, int first, int count, float* x, int xStride, int tokens, int columns, float* y, int yStride)
    {
        nint stride = (nint)w.Columns * TElement.Size;
        byte* row = w.Row(first);
        int whole = columns - columns % T.Count, r = 0;
        float* sums = stackalloc float[16];
        for (; r + 4 <= count; r += 4, row += 4 * stride)
        {
            byte* row1 = row + stride, row2 = row1 + stride, row3 = row2 + stride;
            int t = 0;
            for (; t + 4 <= tokens; t += 4)
            {
                // Four rows by four tokens: sixteen sums for eight loads.
                float* x0 = x + (nint)t * xStride, x1 = x0 + xStride, x2 = x1 + xStride, x3 = x2 + xStride;
                V s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
                V s20 = default, s21 = default, s22 = default, s23 = default, s30 = default, s31 = default, s32 = default, s33 = default;
                for (nint c = 0; c < whole; c += T.Count)
                {
                    V w0 = TElement.Load<T, V>(row, c), w1 = TElement.Load<T, V>(row1, c), w2 = TElement.Load<T, V>(row2, c), w3 = TElement.Load<T, V>(row3, c);
                    V v = T.Load(x0 + c);
                    s00 = T.MultiplyAdd(w0, v, s00);
                    s01 = T.MultiplyAdd(w1, v, s01);
                    s02 = T.MultiplyAdd(w2, v, s02);
                    s03 = T.MultiplyAdd(w3, v, s03);
                    v = T.Load(x1 + c);
                    s10 = T.MultiplyAdd(w0, v, s10);
                    s11 = T.MultiplyAdd(w1, v, s11);
                    s12 = T.MultiplyAdd(w2, v, s12);
                    s13 = T.MultiplyAdd(w3, v, s13);
                    v = T.Load(x2 + c);
                    s20 = T.MultiplyAdd(w0, v, s20);
                    s21 = T.MultiplyAdd(w1, v, s21);
                    s22 = T.MultiplyAdd(w2, v, s22);
                    s23 = T.MultiplyAdd(w3, v, s23);
                    v = T.Load(x3 + c);
                    s30 = T.MultiplyAdd(w0, v, s30);
                    s31 = T.MultiplyAdd(w1, v, s31);
                    s32 = T.MultiplyAdd(w2, v, s32);
                    s33 = T.MultiplyAdd(w3, v, s33);
                }
                float* y0 = y + (nint)t * yStride + r;
                T.Sum4(s00, s01, s02, s03, y0);
                T.Sum4(s10, s11, s12, s13, y0 + yStride);
                T.Sum4(s20, s21, s22, s23, y0 + 2 * (nint)yStride);
                T.Sum4(s30, s31, s32, s33, y0 + 3 * (nint)yStride);
            }
            for (; t < tokens; t++)
            {
                float* x0 = x + (nint)t * xStride;
                V s0 = default, s1 = default, s2 = default, s3 = default;
                for (nint c = 0; c < whole; c += T.Count)
                {
                    V v = T.Load(x0 + c);
                    s0 = T.MultiplyAdd(TElement.Load<T, V>(row, c), v, s0);
                    s1 = T.MultiplyAdd(TElement.Load<T, V>(row1, c), v, s1);
                    s2 = T.MultiplyAdd(TElement.Load<T, V>(row2, c), v, s2);
                    s3 = T.MultiplyAdd(TElement.Load<T, V>(row3, c), v, s3);
                }
                T.Sum4(s0, s1, s2, s3, y + (nint)t * yStride + r);
            }
        }
        for (; r < count; r++, row += stride)
        {
            for (int t = 0; t < tokens; t++)
            {
                float* x0 = x + (nint)t * xStride;
                V s = default;
                for (nint c = 0; c < whole; c += T.Count) s = T.MultiplyAdd(TElement.Load<T, V>(row, c), T.Load(x0 + c), s);
                y[(nint)t * yStride + r] = T.Sum(s);
            }
        }
        if (whole == columns && w.Scales == 0) return;
        for (int t = 0; t < tokens; t++)
        {
            if (whole < columns) AddTail(w, first, count, x + (nint)t * xStride, whole, columns, y + (nint)t * yStride);
            if (w.Scales != 0) Scale((float*)w.Scales + first, count, y + (nint)t * yStride);
        }
    }

    /// <inheritdoc cref="IKernels.Accumulate"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Accumulate(in WeightMatrix w, int first, int count, float* coefficients, int columns, float* sum)
    {
        nint stride = (nint)w.Columns * TElement.Size;
        byte* row = w.Row(first);
        int whole = columns - columns % T.Count, r = 0;
        if (count * stride > CacheBytes / 4)
        {
            bool dense = whole == w.Columns;
            for (; r + 4 <= count; r += 4, row += 4 * stride)
            {
                byte* row1 = row + stride, row2 = row1 + stride, row3 = row2 + stride, next = row + 4 * stride;
                V v0 = T.Broadcast(Coefficient(w, first, r, coefficients)), v1 = T.Broadcast(Coefficient(w, first, r + 1, coefficients));
                V v2 = T.Broadcast(Coefficient(w, first, r + 2, coefficients)), v3 = T.Broadcast(Coefficient(w, first, r + 3, coefficients));
                for (nint c = 0; c < whole; c += T.Count)
                {
                    if (dense) Sweep(next + 4 * c * TElement.Size);
                    else Ahead(next + c * TElement.Size, stride);
                    V s = T.Load(sum + c);
                    s = T.MultiplyAdd(TElement.Load<T, V>(row, c), v0, s);
                    s = T.MultiplyAdd(TElement.Load<T, V>(row1, c), v1, s);
                    s = T.MultiplyAdd(TElement.Load<T, V>(row2, c), v2, s);
                    s = T.MultiplyAdd(TElement.Load<T, V>(row3, c), v3, s);
                    T.Store(s, sum + c);
                }
            }
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
        }
        for (; r < count; r++, row += stride)
        {
            V v = T.Broadcast(Coefficient(w, first, r, coefficients));
            for (nint c = 0; c < whole; c += T.Count) T.Store(T.MultiplyAdd(TElement.Load<T, V>(row, c), v, T.Load(sum + c)), sum + c);
        }
        if (whole < columns) AccumulateTail(w, first, count, coefficients, whole, columns, sum);
    }

    /// <inheritdoc cref="IKernels.AccumulateBlock"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AccumulateBlock(
        in WeightMatrix w, int rows, int chunk, float* coefficients, int coefficientStride, int tokens, int firstColumn, int columns, float* y, int yStride)
    {
        nint stride = (nint)w.Columns * TElement.Size, panel = 4 * T.Count;
        // Coefficients of four tokens side by side, scaled: one row's four are then one cache line's neighbours.
        float* scaled = stackalloc float[4 * chunk];
        float* tail = stackalloc float[(int)panel];
        int end = firstColumn + columns;
        for (int first = 0; first < rows; first += chunk)
        {
            int count = Math.Min(chunk, rows - first);
            for (int t = 0; t < tokens; t += 4)
            {
                int group = Math.Min(4, tokens - t);
                for (int r = 0; r < count; r++)
                {
                    float scale = w.Scale(first + r);
                    for (int i = 0; i < 4; i++)
                        scaled[4 * r + i] = i < group ? coefficients[(nint)(t + i) * coefficientStride + first + r] * scale : 0;
                }
                nint c = firstColumn;
                for (; c + panel <= end; c += panel)
                {
                    V s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
                    V s20 = default, s21 = default, s22 = default, s23 = default, s30 = default, s31 = default, s32 = default, s33 = default;
                    byte* row = w.Row(first);
                    for (int r = 0; r < count; r++, row += stride)
                    {
                        V w0 = TElement.Load<T, V>(row, c), w1 = TElement.Load<T, V>(row, c + T.Count);
                        V w2 = TElement.Load<T, V>(row, c + 2 * T.Count), w3 = TElement.Load<T, V>(row, c + 3 * T.Count);
                        V k = T.Broadcast(scaled[4 * r]);
                        s00 = T.MultiplyAdd(w0, k, s00);
                        s01 = T.MultiplyAdd(w1, k, s01);
                        s02 = T.MultiplyAdd(w2, k, s02);
                        s03 = T.MultiplyAdd(w3, k, s03);
                        k = T.Broadcast(scaled[4 * r + 1]);
                        s10 = T.MultiplyAdd(w0, k, s10);
                        s11 = T.MultiplyAdd(w1, k, s11);
                        s12 = T.MultiplyAdd(w2, k, s12);
                        s13 = T.MultiplyAdd(w3, k, s13);
                        k = T.Broadcast(scaled[4 * r + 2]);
                        s20 = T.MultiplyAdd(w0, k, s20);
                        s21 = T.MultiplyAdd(w1, k, s21);
                        s22 = T.MultiplyAdd(w2, k, s22);
                        s23 = T.MultiplyAdd(w3, k, s23);
                        k = T.Broadcast(scaled[4 * r + 3]);
                        s30 = T.MultiplyAdd(w0, k, s30);
                        s31 = T.MultiplyAdd(w1, k, s31);
                        s32 = T.MultiplyAdd(w2, k, s32);
                        s33 = T.MultiplyAdd(w3, k, s33);
                    }
                    float* target = y + (nint)t * yStride + c;
                    AddPanel(s00, s01, s02, s03, target);
                    if (group > 1) AddPanel(s10, s11, s12, s13, target + yStride);
                    if (group > 2) AddPanel(s20, s21, s22, s23, target + 2 * (nint)yStride);
                    if (group > 3) AddPanel(s30, s31, s32, s33, target + 3 * (nint)yStride);
                }
                if (c == end) continue;
                for (int i = 0; i < group; i++)
                {
                    // The few columns left, one token at a time: the same chain over the rows.
                    new Span<float>(tail, (int)panel).Clear();
                    Columns(w, first, count, scaled + i, (int)c, (int)(end - c), tail);
                    float* target = y + (nint)(t + i) * yStride + c;
                    for (int j = 0; j < end - c; j++) target[j] += tail[j];
                }
            }
        }
    }

    /// <inheritdoc cref="IKernels.ReadRow"/>
    public static void ReadRow(in WeightMatrix w, int row, int columns, float* y)
    {
        float scale = w.Scale(row);
        byte* data = w.Row(row);
        for (int c = 0; c < columns; c++) y[c] = TElement.Load(data, c) * scale;
    }

    // Asks for what a step of four dense rows reads, in the order in which it lies in memory. Asking never faults, wherever it points.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sweep(byte* next)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(next);
        if (4 * T.Count * TElement.Size > 64) Sse.Prefetch0(next + 64);
        if (4 * T.Count * TElement.Size > 128)
        {
            Sse.Prefetch0(next + 128);
            Sse.Prefetch0(next + 192);
        }
    }

    // Asks for the same columns of the next four rows, where rows are read in part.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ahead(byte* next, nint stride)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(next);
        Sse.Prefetch0(next + stride);
        Sse.Prefetch0(next + 2 * stride);
        Sse.Prefetch0(next + 3 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddPanel(V a, V b, V c, V d, float* target)
    {
        T.Store(T.Add(T.Load(target), a), target);
        T.Store(T.Add(T.Load(target + T.Count), b), target + T.Count);
        T.Store(T.Add(T.Load(target + 2 * T.Count), c), target + 2 * T.Count);
        T.Store(T.Add(T.Load(target + 3 * T.Count), d), target + 3 * T.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Coefficient(in WeightMatrix w, int first, int r, float* coefficients) =>
        w.Scales == 0 ? coefficients[r] : coefficients[r] * ((float*)w.Scales)[first + r];

    // Columns beyond the last whole vector.
    private static void AddTail(in WeightMatrix w, int first, int count, float* x, int whole, int columns, float* y)
    {
        for (int r = 0; r < count; r++)
        {
            byte* row = w.Row(first + r);
            float sum = y[r];
            for (int c = whole; c < columns; c++) sum = float.MultiplyAddEstimate(TElement.Load(row, c), x[c], sum);
            y[r] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(float* scales, int count, float* y)
    {
        int r = 0;
        for (; r + T.Count <= count; r += T.Count) T.Store(T.Multiply(T.Load(y + r), T.Load(scales + r)), y + r);
        for (; r < count; r++) y[r] *= scales[r];
    }

    private static void AccumulateTail(in WeightMatrix w, int first, int count, float* coefficients, int whole, int columns, float* sum)
    {
        for (int r = 0; r < count; r++)
        {
            byte* row = w.Row(first + r);
            float k = Coefficient(w, first, r, coefficients);
            for (int c = whole; c < columns; c++) sum[c] = float.MultiplyAddEstimate(TElement.Load(row, c), k, sum[c]);
        }
    }

    // Fewer columns than a panel for one token; coefficients are four apart.
    private static void Columns(in WeightMatrix w, int first, int count, float* scaled, int firstColumn, int columns, float* sum)
    {
        // The vector loop covers exactly those columns that lie in a whole vector of the full row, so that one chain serves a column everywhere.
        for (int r = 0; r < count; r++)
        {
            byte* row = w.Row(first + r);
            float k = scaled[4 * r];
            V v = T.Broadcast(k);
            int c = 0;
            for (; c + T.Count <= columns; c += T.Count)
                T.Store(T.MultiplyAdd(TElement.Load<T, V>(row, firstColumn + c), v, T.Load(sum + c)), sum + c);
            for (; c < columns; c++) sum[c] = float.MultiplyAddEstimate(TElement.Load(row, firstColumn + c), k, sum[c]);
        }
    }
}
