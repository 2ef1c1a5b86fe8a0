using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Products of stored rows, not scaled, with the vectors of a block of tokens: for every pair the same chain of operations as in <see cref="DotKernel{T, V, TElement}"/>.</summary>
internal static unsafe class BlockDotKernel<T, V, TElement> where T : ISimd<V> where V : struct where TElement : IWeightElement
{
    /// <summary>y[t, r] = Σ_c rows[r, c] · x[t, c].</summary>
    /// <param name="rows">The rows; few enough to stay in a core's own cache while all tokens meet them.</param>
    /// <param name="stride">Weights from one row to the next.</param>
    /// <param name="count">Rows.</param>
    /// <param name="x">Vectors of the tokens.</param>
    /// <param name="xStride">Floats from one to the next.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="columns">Length of each vector.</param>
    /// <param name="y">Receives the products.</param>
    /// <param name="yStride">Floats from one token's to the next's.</param>
    /// <param name="ahead">Whether the rows come from memory, and those behind them follow: they are then asked for early.</param>
    public static void Dot(byte* rows, nint stride, int count, float* x, nint xStride, int tokens, int columns, float* y, nint yStride, bool ahead)
    {
        // Four tokens' vectors stay in the nearest cache while all rows pass by.
        for (int t = 0; t < tokens; t += 4)
        {
            int group = Math.Min(4, tokens - t);
            if (group > 1)
            {
                ReadAheadKind kind = ahead && t == 0 ? ReadAhead.For(stride * TElement.Size, columns, (nint)columns * TElement.Size) : ReadAheadKind.None;
                FourTokens(kind, rows, stride, count, x + t * xStride, xStride, group, columns, y + t * yStride, yStride);
            }
            else OneToken(rows, stride * TElement.Size, count, x + t * xStride, columns, y + t * yStride);
        }
    }

    private static void FourTokens(ReadAheadKind ahead, byte* rows, nint columnsApart, int count, float* x, nint xStride, int tokens, int columns, float* y, nint yStride)
    {
        switch (ahead)
        {
            case ReadAheadKind.Near: FourTokens<NearStream>(rows, columnsApart, count, x, xStride, tokens, columns, y, yStride); break;
            case ReadAheadKind.Far: FourTokens<FarStream>(rows, columnsApart, count, x, xStride, tokens, columns, y, yStride); break;
            case ReadAheadKind.Parts: FourTokens<RowParts>(rows, columnsApart, count, x, xStride, tokens, columns, y, yStride); break;
            default: FourTokens<NoReadAhead>(rows, columnsApart, count, x, xStride, tokens, columns, y, yStride); break;
        }
    }

    // Two to four tokens: one that is missing repeats the last one's work, which costs less than reading the rows once more.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourTokens<TAhead>(byte* rows, nint columnsApart, int count, float* x, nint xStride, int tokens, int columns, float* y, nint yStride) where TAhead : IReadAhead
    {
        int whole = columns - columns % T.Count, part = columns - whole;
        int third = Math.Min(2, tokens - 1), fourth = tokens - 1;
        float* x1 = x + xStride, x2 = x + third * xStride, x3 = x + fourth * xStride;
        float* y1 = y + yStride, y2 = y + third * yStride, y3 = y + fourth * yStride;
        nint stride = columnsApart * TElement.Size, lead = ReadAhead.Lead(stride);
        int r = 0;
        for (; r + 4 <= count; r += 4, rows += 4 * stride)
        {
            // Four rows by four tokens: sixteen sums for eight loads.
            byte* row1 = rows + stride, row2 = row1 + stride, row3 = row2 + stride, next = rows + lead;
            V s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
            V s20 = default, s21 = default, s22 = default, s23 = default, s30 = default, s31 = default, s32 = default, s33 = default;
            TAhead.Rows(rows, stride, (nint)columns * TElement.Size);
            for (nint c = 0; c < whole; c += T.Count)
            {
                TAhead.Step(next + 4 * c * TElement.Size, 4 * T.Count * TElement.Size);
                V w0 = TElement.Load<T, V>(rows, c), w1 = TElement.Load<T, V>(row1, c), w2 = TElement.Load<T, V>(row2, c), w3 = TElement.Load<T, V>(row3, c);
                AddRows(w0, w1, w2, w3, T.Load(x + c), ref s00, ref s01, ref s02, ref s03);
                AddRows(w0, w1, w2, w3, T.Load(x1 + c), ref s10, ref s11, ref s12, ref s13);
                AddRows(w0, w1, w2, w3, T.Load(x2 + c), ref s20, ref s21, ref s22, ref s23);
                AddRows(w0, w1, w2, w3, T.Load(x3 + c), ref s30, ref s31, ref s32, ref s33);
            }
            if (part > 0)
            {
                V w0 = TElement.LoadPart<T, V>(rows, whole, part), w1 = TElement.LoadPart<T, V>(row1, whole, part);
                V w2 = TElement.LoadPart<T, V>(row2, whole, part), w3 = TElement.LoadPart<T, V>(row3, whole, part);
                AddRows(w0, w1, w2, w3, T.LoadPart(x + whole, part), ref s00, ref s01, ref s02, ref s03);
                AddRows(w0, w1, w2, w3, T.LoadPart(x1 + whole, part), ref s10, ref s11, ref s12, ref s13);
                AddRows(w0, w1, w2, w3, T.LoadPart(x2 + whole, part), ref s20, ref s21, ref s22, ref s23);
                AddRows(w0, w1, w2, w3, T.LoadPart(x3 + whole, part), ref s30, ref s31, ref s32, ref s33);
            }
            T.Sum4(s00, s01, s02, s03, y + r);
            T.Sum4(s10, s11, s12, s13, y1 + r);
            T.Sum4(s20, s21, s22, s23, y2 + r);
            T.Sum4(s30, s31, s32, s33, y3 + r);
        }
        for (; r < count; r++, rows += stride)
        {
            V s0 = default, s1 = default, s2 = default, s3 = default;
            for (nint c = 0; c < whole; c += T.Count)
            {
                V w = TElement.Load<T, V>(rows, c);
                s0 = T.MultiplyAdd(w, T.Load(x + c), s0);
                s1 = T.MultiplyAdd(w, T.Load(x1 + c), s1);
                s2 = T.MultiplyAdd(w, T.Load(x2 + c), s2);
                s3 = T.MultiplyAdd(w, T.Load(x3 + c), s3);
            }
            if (part > 0)
            {
                V w = TElement.LoadPart<T, V>(rows, whole, part);
                s0 = T.MultiplyAdd(w, T.LoadPart(x + whole, part), s0);
                s1 = T.MultiplyAdd(w, T.LoadPart(x1 + whole, part), s1);
                s2 = T.MultiplyAdd(w, T.LoadPart(x2 + whole, part), s2);
                s3 = T.MultiplyAdd(w, T.LoadPart(x3 + whole, part), s3);
            }
            y[r] = T.Sum(s0);
            y1[r] = T.Sum(s1);
            y2[r] = T.Sum(s2);
            y3[r] = T.Sum(s3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRows(V w0, V w1, V w2, V w3, V x, ref V s0, ref V s1, ref V s2, ref V s3)
    {
        s0 = T.MultiplyAdd(w0, x, s0);
        s1 = T.MultiplyAdd(w1, x, s1);
        s2 = T.MultiplyAdd(w2, x, s2);
        s3 = T.MultiplyAdd(w3, x, s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneToken(byte* rows, nint stride, int count, float* x, int columns, float* y)
    {
        int whole = columns - columns % T.Count, part = columns - whole, r = 0;
        V last = part > 0 ? T.LoadPart(x + whole, part) : default;
        for (; r + 4 <= count; r += 4, rows += 4 * stride)
        {
            byte* row1 = rows + stride, row2 = row1 + stride, row3 = row2 + stride;
            V s0 = default, s1 = default, s2 = default, s3 = default;
            for (nint c = 0; c < whole; c += T.Count)
            {
                V v = T.Load(x + c);
                s0 = T.MultiplyAdd(TElement.Load<T, V>(rows, c), v, s0);
                s1 = T.MultiplyAdd(TElement.Load<T, V>(row1, c), v, s1);
                s2 = T.MultiplyAdd(TElement.Load<T, V>(row2, c), v, s2);
                s3 = T.MultiplyAdd(TElement.Load<T, V>(row3, c), v, s3);
            }
            if (part > 0)
            {
                AddRows(
                    TElement.LoadPart<T, V>(rows, whole, part), TElement.LoadPart<T, V>(row1, whole, part), TElement.LoadPart<T, V>(row2, whole, part), TElement.LoadPart<T, V>(row3, whole, part),
                    last, ref s0, ref s1, ref s2, ref s3);
            }
            T.Sum4(s0, s1, s2, s3, y + r);
        }
        for (; r < count; r++, rows += stride)
        {
            V s = default;
            for (nint c = 0; c < whole; c += T.Count) s = T.MultiplyAdd(TElement.Load<T, V>(rows, c), T.Load(x + c), s);
            if (part > 0) s = T.MultiplyAdd(TElement.LoadPart<T, V>(rows, whole, part), last, s);
            y[r] = T.Sum(s);
        }
    }
}
