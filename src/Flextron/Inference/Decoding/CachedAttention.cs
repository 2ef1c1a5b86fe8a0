using Flextron.Inference.Kernels;
using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>
/// Attention of a block of tokens behind the cache: from queries, keys and values to joined heads. Threads share out groups, tokens, or chunks of a long past; what
/// is computed does not depend on how.
/// </summary>
internal sealed unsafe class CachedAttention(DecodeEngine engine, DecodeBuffers buffers, DecodeCache cache, WorkerTeam team)
{
    /// <summary>What turning a token's queries and storing its key and value costs, in entries attended to: its cache lines come from afar.</summary>
    private const long AppendCost = 64;

    private readonly ModelConfig config = engine.Config;
    private readonly IKernels kernels = engine.Kernels;
    private readonly bool windowed = engine.Config.VisibleTokens < engine.Config.ContextLength;
    private int tokens, position;

    /// <summary>A block of tokens passes from now on.</summary>
    /// <param name="count">How many.</param>
    /// <param name="start">Position of the first.</param>
    public void Begin(int count, int start) => (tokens, position) = (count, start);

    /// <summary>Most entries that a group will have behind the block of tokens.</summary>
    public int Entries(int block, int groups)
    {
        int entries = 0;
        for (int g = 0; g < groups; g++) entries = Math.Max(entries, cache.Length(block, g) + tokens);
        return entries;
    }

    /// <summary>Turns queries and keys, adds entries to the cache and fills <see cref="DecodeBuffers.Heads"/>.</summary>
    /// <param name="block">Which block.</param>
    /// <param name="w">Its weights.</param>
    /// <param name="groups">Groups kept.</param>
    /// <param name="entries">As <see cref="Entries"/> said before any thread came here.</param>
    /// <param name="worker">Which thread.</param>
    /// <param name="workers">Of how many.</param>
    public void Attend(int block, in DecodeBlock w, int groups, int entries, int worker, int workers)
    {
        int chunks = Chunks(entries);
        long work = (2L * Math.Min(entries, config.VisibleTokens) + AppendCost) * config.HeadSize * config.HeadsPerGroup;
        (int from, int to) = WorkShare.Of(groups, 1, work * tokens, worker, workers);
        for (int g = from; g < to; g++) Append(block, g, w);
        if (tokens == 1 && chunks == 1)
        {
            // A group's entries and queries are this thread's own: no need to wait.
            for (int g = from; g < to; g++) AttendAlone(block, g, 0, worker);
            return;
        }
        team.Barrier(workers);
        if (tokens > 1)
        {
            (from, to) = WorkShare.Of(groups * tokens, 1, work, worker, workers);
            for (int i = from; i < to; i++) AttendAlone(block, i % groups, i / groups, worker);
            return;
        }
        // One token over a long past: chunks of entries are shared out, and merged when all are there.
        (from, to) = WorkShare.Of(groups * chunks, 1, work / chunks, worker, workers);
        for (int i = from; i < to; i++)
        {
            (int group, int chunk) = (i / chunks, i % chunks);
            int seen = Seen(block, group, 0), first = FirstSeen(block, group, 0, seen);
            if (chunk >= first / DecodeBuffers.ChunkEntries && chunk < Chunks(seen)) AttendChunk(block, group, 0, chunk, first, seen, worker, Partial(group, chunk));
        }
        team.Barrier(workers);
        (from, to) = WorkShare.Of(groups, 1, work, worker, workers);
        for (int g = from; g < to; g++)
        {
            int seen = Seen(block, g, 0);
            Merge(g, 0, Partial(g, 0), FirstSeen(block, g, 0, seen) / DecodeBuffers.ChunkEntries, Chunks(seen));
        }
    }

    private void AttendAlone(int block, int group, int token, int worker)
    {
        int seen = Seen(block, group, token), first = FirstSeen(block, group, token, seen), firstChunk = first / DecodeBuffers.ChunkEntries, chunks = Chunks(seen);
        for (int c = firstChunk; c < chunks; c++) AttendChunk(block, group, token, c, first, seen, worker, Partial(worker, c));
        Merge(group, token, Partial(worker, 0), firstChunk, chunks);
    }

    private void AttendChunk(int block, int group, int token, int chunk, int firstSeen, int seen, int worker, float* result)
    {
        int first = chunk * DecodeBuffers.ChunkEntries, end = Math.Min(first + DecodeBuffers.ChunkEntries, seen), size = config.HeadSize;
        // A window may begin within the chunk: at the tile that holds its first entry.
        first = Math.Max(first, firstSeen / kernels.Lanes * kernels.Lanes);
        float* scores = buffers.Scores + (nint)worker * buffers.ScoreFloats;
        kernels.Attend(new AttentionChunk
        {
            Queries = buffers.Query + (nint)token * buffers.QueryStride + group * config.HeadsPerGroup * size,
            Heads = config.HeadsPerGroup,
            HeadSize = size,
            Keys = cache.Keys(block, group) + (nint)first * size,
            Values = cache.Values(block, group) + (nint)first * size,
            Entries = end - first,
            Skipped = Math.Max(0, firstSeen - first),
            Scores = scores,
            Sums = scores + buffers.SumsOffset,
            Result = result,
        });
    }

    // Entries of a group that a token of the block may see: all before the block, those of the block up to its own.
    private int Seen(int block, int group, int token) => cache.Length(block, group) - tokens + token + 1;

    // The first of them that its window holds.
    private int FirstSeen(int block, int group, int token, int seen) =>
        windowed && position + token >= config.VisibleTokens ? Math.Min(cache.LengthUpTo(block, group, position + token + 1 - config.VisibleTokens), seen - 1) : 0;

    private void Append(int block, int group, in DecodeBlock w)
    {
        int size = config.HeadSize, rotated = config.RotarySize, perGroup = config.HeadsPerGroup;
        float scale = 1 / MathF.Sqrt(size), epsilon = (float)config.NormEpsilon;
        for (int t = 0; t < tokens; t++)
        {
            float* cos = buffers.Cos + (nint)t * buffers.AngleStride, sin = buffers.Sin + (nint)t * buffers.AngleStride;
            float* query = buffers.Query + (nint)t * buffers.QueryStride + group * perGroup * size, key = buffers.Key + (nint)t * buffers.KeyStride + group * size;
            for (int m = 0; m < perGroup; m++)
            {
                if (w.QueryNorm != 0) kernels.RmsNorm(query + m * size, (float*)w.QueryNorm, size, epsilon, query + m * size);
                kernels.Rotate(query + m * size, rotated, size, cos, sin, scale);
            }
            if (w.KeyNorm != 0) kernels.RmsNorm(key, (float*)w.KeyNorm, size, epsilon, key);
            kernels.Rotate(key, rotated, size, cos, sin, 1);
            cache.Append(block, group, position + t, key, buffers.Value + (nint)t * buffers.KeyStride + group * size);
        }
    }

    // The chunks' softmaxes over their own entries become one over all: each is weighted by e^(its greatest score − the greatest of all).
    private void Merge(int group, int token, float* partial, int first, int chunks)
    {
        int size = config.HeadSize;
        float* heads = buffers.Heads + (nint)token * buffers.QueryStride + group * config.HeadsPerGroup * size;
        for (int m = 0; m < config.HeadsPerGroup; m++, heads += size, partial += size + 2)
        {
            float greatest = partial[(nint)first * buffers.PartialStride], sum = 0;
            for (int c = first + 1; c < chunks; c++) greatest = MathF.Max(greatest, partial[(nint)c * buffers.PartialStride]);
            new Span<float>(heads, size).Clear();
            for (int c = first; c < chunks; c++)
            {
                float* part = partial + (nint)c * buffers.PartialStride;
                float weight = chunks - first == 1 ? 1 : MathF.Exp(part[0] - greatest);
                sum += weight * part[1];
                for (int h = 0; h < size; h++) heads[h] += weight * part[2 + h];
            }
            float inverse = 1 / sum;
            for (int h = 0; h < size; h++) heads[h] *= inverse;
        }
    }

    private float* Partial(int owner, int chunk) => buffers.Partial + (nint)owner * buffers.AttentionStride + (nint)chunk * buffers.PartialStride;

    private static int Chunks(int entries) => (entries + DecodeBuffers.ChunkEntries - 1) / DecodeBuffers.ChunkEntries;
}
