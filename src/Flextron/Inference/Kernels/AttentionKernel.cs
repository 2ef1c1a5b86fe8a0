using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>
/// Softmax attention over tiles of keys and values, with a running result that chunks can be merged from (Dao et al., arXiv 2205.14135). Four queries at a time
/// meet a tile together; what is computed for each does not depend on the others.
/// </summary>
internal static unsafe class AttentionKernel<T, V> where T : ISimd<V> where V : struct
{
    /// <inheritdoc cref="IKernels.Attend"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend(in AttentionChunk chunk)
    {
        int lanes = T.Count, tiles = (chunk.EntriesOf(chunk.Tokens - 1) + lanes - 1) / lanes, padded = tiles * lanes, m = 0;
        for (; m + 4 <= chunk.Count; m += 4) FourScores(chunk, m, tiles);
        for (; m < chunk.Count; m++) Scores(chunk, chunk.Query(m), tiles, chunk.Scores + (nint)m * padded);
        for (m = 0; m < chunk.Count; m++) Weights(chunk, chunk.Scores + (nint)m * padded, chunk.EntriesOf(m / chunk.Heads), tiles, chunk.ResultOf(m));
        for (m = 0; m + 4 <= chunk.Count; m += 4) FourValues(chunk, m, tiles);
        for (; m < chunk.Count; m++) Values(chunk, chunk.Scores + (nint)m * padded, tiles, chunk.ResultOf(m) + 2);
    }

    // Scores become e^(score − greatest), 0 where the token does not look.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weights(in AttentionChunk chunk, float* scores, int entries, int tiles, float* result)
    {
        int lanes = T.Count, padded = tiles * lanes;
        for (int i = 0; i < chunk.Skipped; i++) scores[i] = float.NegativeInfinity;
        for (int i = entries; i < padded; i++) scores[i] = float.NegativeInfinity;
        V greatest = T.Load(scores);
        for (int i = 1; i < tiles; i++) greatest = T.Max(greatest, T.Load(scores + i * lanes));
        result[0] = T.MaxOf(greatest);
        V shift = T.Broadcast(result[0]), sum = default;
        for (int i = 0; i < tiles; i++) T.Store(Exponential.Of<T, V>(T.Subtract(T.Load(scores + i * lanes), shift)), scores + i * lanes);
        for (int i = 0; i < chunk.Skipped; i++) scores[i] = 0;
        for (int i = entries; i < padded; i++) scores[i] = 0;
        for (int i = 0; i < tiles; i++) sum = T.Add(sum, T.Load(scores + i * lanes));
        result[1] = T.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourScores(in AttentionChunk chunk, int first, int tiles)
    {
        int lanes = T.Count, size = chunk.HeadSize, padded = tiles * lanes;
        nint tile = (nint)size * lanes;
        float* q0 = chunk.Query(first), q1 = chunk.Query(first + 1), q2 = chunk.Query(first + 2), q3 = chunk.Query(first + 3), keys = chunk.Keys;
        float* y0 = chunk.Scores + (nint)first * padded, y1 = y0 + padded, y2 = y1 + padded, y3 = y2 + padded;
        int i = 0;
        for (; i + 2 <= tiles; i += 2, keys += 2 * tile)
        {
            // Two tiles by four queries: eight chains of sums hide each other's latency.
            float* next = keys + tile;
            V s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
            for (nint h = 0; h < size; h++)
            {
                V k0 = T.Load(keys + h * lanes), k1 = T.Load(next + h * lanes), q = T.Broadcast(q0[h]);
                s00 = T.MultiplyAdd(k0, q, s00);
                s01 = T.MultiplyAdd(k1, q, s01);
                q = T.Broadcast(q1[h]);
                s10 = T.MultiplyAdd(k0, q, s10);
                s11 = T.MultiplyAdd(k1, q, s11);
                q = T.Broadcast(q2[h]);
                s20 = T.MultiplyAdd(k0, q, s20);
                s21 = T.MultiplyAdd(k1, q, s21);
                q = T.Broadcast(q3[h]);
                s30 = T.MultiplyAdd(k0, q, s30);
                s31 = T.MultiplyAdd(k1, q, s31);
            }
            int at = i * lanes;
            T.Store(s00, y0 + at);
            T.Store(s01, y0 + at + lanes);
            T.Store(s10, y1 + at);
            T.Store(s11, y1 + at + lanes);
            T.Store(s20, y2 + at);
            T.Store(s21, y2 + at + lanes);
            T.Store(s30, y3 + at);
            T.Store(s31, y3 + at + lanes);
        }
        if (i == tiles) return;
        V a = default, b = default, c = default, d = default;
        for (nint h = 0; h < size; h++)
        {
            V k = T.Load(keys + h * lanes);
            a = T.MultiplyAdd(k, T.Broadcast(q0[h]), a);
            b = T.MultiplyAdd(k, T.Broadcast(q1[h]), b);
            c = T.MultiplyAdd(k, T.Broadcast(q2[h]), c);
            d = T.MultiplyAdd(k, T.Broadcast(q3[h]), d);
        }
        T.Store(a, y0 + i * lanes);
        T.Store(b, y1 + i * lanes);
        T.Store(c, y2 + i * lanes);
        T.Store(d, y3 + i * lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores(in AttentionChunk chunk, float* query, int tiles, float* scores)
    {
        int lanes = T.Count, size = chunk.HeadSize;
        nint tile = (nint)size * lanes;
        float* keys = chunk.Keys;
        int i = 0;
        for (; i + 4 <= tiles; i += 4, keys += 4 * tile)
        {
            V s0 = default, s1 = default, s2 = default, s3 = default;
            float* k0 = keys, k1 = k0 + tile, k2 = k1 + tile, k3 = k2 + tile;
            for (nint h = 0; h < size; h++)
            {
                V q = T.Broadcast(query[h]);
                nint at = h * lanes;
                s0 = T.MultiplyAdd(T.Load(k0 + at), q, s0);
                s1 = T.MultiplyAdd(T.Load(k1 + at), q, s1);
                s2 = T.MultiplyAdd(T.Load(k2 + at), q, s2);
                s3 = T.MultiplyAdd(T.Load(k3 + at), q, s3);
            }
            T.Store(s0, scores + i * lanes);
            T.Store(s1, scores + (i + 1) * lanes);
            T.Store(s2, scores + (i + 2) * lanes);
            T.Store(s3, scores + (i + 3) * lanes);
        }
        for (; i < tiles; i++, keys += tile)
        {
            V s = default;
            for (nint h = 0; h < size; h++) s = T.MultiplyAdd(T.Load(keys + h * lanes), T.Broadcast(query[h]), s);
            T.Store(s, scores + i * lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourValues(in AttentionChunk chunk, int first, int tiles)
    {
        int lanes = T.Count, size = chunk.HeadSize, padded = tiles * lanes;
        nint tile = (nint)size * lanes;
        float* w0 = chunk.Scores + (nint)first * padded, w1 = w0 + padded, w2 = w1 + padded, w3 = w2 + padded, values = chunk.Values;
        float* sums0 = chunk.Sums, sums1 = sums0 + tile, sums2 = sums1 + tile, sums3 = sums2 + tile;
        for (nint h = 0; h < 4 * size; h++) T.Store(default, sums0 + h * lanes);
        int i = 0;
        for (; i + 2 <= tiles; i += 2, values += 2 * tile)
        {
            int at = i * lanes;
            V p00 = T.Load(w0 + at), p01 = T.Load(w0 + at + lanes), p10 = T.Load(w1 + at), p11 = T.Load(w1 + at + lanes);
            V p20 = T.Load(w2 + at), p21 = T.Load(w2 + at + lanes), p30 = T.Load(w3 + at), p31 = T.Load(w3 + at + lanes);
            float* next = values + tile;
            for (nint h = 0; h < size * lanes; h += lanes)
            {
                V v0 = T.Load(values + h), v1 = T.Load(next + h);
                T.Store(T.MultiplyAdd(v1, p01, T.MultiplyAdd(v0, p00, T.Load(sums0 + h))), sums0 + h);
                T.Store(T.MultiplyAdd(v1, p11, T.MultiplyAdd(v0, p10, T.Load(sums1 + h))), sums1 + h);
                T.Store(T.MultiplyAdd(v1, p21, T.MultiplyAdd(v0, p20, T.Load(sums2 + h))), sums2 + h);
                T.Store(T.MultiplyAdd(v1, p31, T.MultiplyAdd(v0, p30, T.Load(sums3 + h))), sums3 + h);
            }
        }
        if (i < tiles)
        {
            V p0 = T.Load(w0 + i * lanes), p1 = T.Load(w1 + i * lanes), p2 = T.Load(w2 + i * lanes), p3 = T.Load(w3 + i * lanes);
            for (nint h = 0; h < size * lanes; h += lanes)
            {
                V v = T.Load(values + h);
                T.Store(T.MultiplyAdd(v, p0, T.Load(sums0 + h)), sums0 + h);
                T.Store(T.MultiplyAdd(v, p1, T.Load(sums1 + h)), sums1 + h);
                T.Store(T.MultiplyAdd(v, p2, T.Load(sums2 + h)), sums2 + h);
                T.Store(T.MultiplyAdd(v, p3, T.Load(sums3 + h)), sums3 + h);
            }
        }
        for (int q = 0; q < 4; q++) Lanes(sums0 + q * tile, size, chunk.ResultOf(first + q) + 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Values(in AttentionChunk chunk, float* weights, int tiles, float* result)
    {
        int lanes = T.Count, size = chunk.HeadSize;
        nint tile = (nint)size * lanes;
        float* values = chunk.Values;
        float* sums = chunk.Sums;
        for (int h = 0; h < size; h++) T.Store(default, sums + h * lanes);
        int i = 0;
        for (; i + 4 <= tiles; i += 4, values += 4 * tile)
        {
            V p0 = T.Load(weights + i * lanes), p1 = T.Load(weights + (i + 1) * lanes), p2 = T.Load(weights + (i + 2) * lanes), p3 = T.Load(weights + (i + 3) * lanes);
            float* v0 = values, v1 = v0 + tile, v2 = v1 + tile, v3 = v2 + tile;
            for (nint h = 0; h < size; h++)
            {
                nint at = h * lanes;
                V s = T.Load(sums + at);
                s = T.MultiplyAdd(T.Load(v0 + at), p0, s);
                s = T.MultiplyAdd(T.Load(v1 + at), p1, s);
                s = T.MultiplyAdd(T.Load(v2 + at), p2, s);
                s = T.MultiplyAdd(T.Load(v3 + at), p3, s);
                T.Store(s, sums + at);
            }
        }
        for (; i < tiles; i++, values += tile)
        {
            V p = T.Load(weights + i * lanes);
            for (nint h = 0; h < size; h++) T.Store(T.MultiplyAdd(T.Load(values + h * lanes), p, T.Load(sums + h * lanes)), sums + h * lanes);
        }
        Lanes(sums, size, result);
    }

    // The sum of every vector's lanes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Lanes(float* sums, int count, float* result)
    {
        int lanes = T.Count, done = 0;
        for (; done + 4 <= count; done += 4)
        {
            float* s = sums + done * lanes;
            T.Sum4(T.Load(s), T.Load(s + lanes), T.Load(s + 2 * lanes), T.Load(s + 3 * lanes), result + done);
        }
        for (; done < count; done++) result[done] = T.Sum(T.Load(sums + done * lanes));
    }
}
