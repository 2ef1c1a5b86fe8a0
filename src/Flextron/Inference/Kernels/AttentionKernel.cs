using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Softmax attention over tiles of keys and values, with a running result that chunks can be merged from (Dao et al., arXiv 2205.14135).</summary>
internal static unsafe class AttentionKernel<T, V> where T : ISimd<V> where V : struct
{
    /// <inheritdoc cref="IKernels.Attend"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend(in AttentionChunk chunk)
    {
        int lanes = T.Count, tiles = (chunk.Entries + lanes - 1) / lanes, padded = tiles * lanes;
        Scores(chunk, tiles);
        for (int m = 0; m < chunk.Heads; m++)
        {
            float* scores = chunk.Scores + (nint)m * padded;
            float* result = chunk.Result + (nint)m * (chunk.HeadSize + 2);
            for (int i = 0; i < chunk.Skipped; i++) scores[i] = float.NegativeInfinity;
            for (int i = chunk.Entries; i < padded; i++) scores[i] = float.NegativeInfinity;
            V greatest = T.Load(scores);
            for (int i = 1; i < tiles; i++) greatest = T.Max(greatest, T.Load(scores + i * lanes));
            result[0] = T.MaxOf(greatest);
            V shift = T.Broadcast(result[0]), sum = default;
            for (int i = 0; i < tiles; i++) T.Store(Exponential.Of<T, V>(T.Subtract(T.Load(scores + i * lanes), shift)), scores + i * lanes);
            for (int i = 0; i < chunk.Skipped; i++) scores[i] = 0;
            for (int i = chunk.Entries; i < padded; i++) scores[i] = 0;
            for (int i = 0; i < tiles; i++) sum = T.Add(sum, T.Load(scores + i * lanes));
            result[1] = T.Sum(sum);
            Values(chunk, scores, tiles, result + 2);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores(in AttentionChunk chunk, int tiles)
    {
        int lanes = T.Count, size = chunk.HeadSize, padded = tiles * lanes;
        nint tile = (nint)size * lanes;
        float* keys = chunk.Keys;
        int i = 0;
        for (; i + 4 <= tiles; i += 4, keys += 4 * tile)
        {
            float* query = chunk.Queries;
            for (int m = 0; m < chunk.Heads; m++, query += size)
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
                float* scores = chunk.Scores + (nint)m * padded + i * lanes;
                T.Store(s0, scores);
                T.Store(s1, scores + lanes);
                T.Store(s2, scores + 2 * lanes);
                T.Store(s3, scores + 3 * lanes);
            }
        }
        for (; i < tiles; i++, keys += tile)
        {
            float* query = chunk.Queries;
            for (int m = 0; m < chunk.Heads; m++, query += size)
            {
                V s = default;
                for (nint h = 0; h < size; h++) s = T.MultiplyAdd(T.Load(keys + h * lanes), T.Broadcast(query[h]), s);
                T.Store(s, chunk.Scores + (nint)m * padded + i * lanes);
            }
        }
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
        int done = 0;
        for (; done + 4 <= size; done += 4)
        {
            float* s = sums + done * lanes;
            T.Sum4(T.Load(s), T.Load(s + lanes), T.Load(s + 2 * lanes), T.Load(s + 3 * lanes), result + done);
        }
        for (; done < size; done++) result[done] = T.Sum(T.Load(sums + done * lanes));
    }
}
