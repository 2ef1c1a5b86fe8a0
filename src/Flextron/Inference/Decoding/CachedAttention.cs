using Flextron.Inference.Kernels;
using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>
/// Attention of the tokens of a pass, each behind its cache: from queries, keys and values to joined heads. Threads share out groups, tokens, or chunks of a long
/// past; what is computed does not depend on how. Buffers are by slot of the part's order.
/// </summary>
internal sealed unsafe class CachedAttention(DecodeEngine engine, DecodeBuffers buffers, PassTokens tokens, WorkerTeam team)
{
    /// <summary>What turning a token's queries and storing its key and value costs, in entries attended to: its cache lines come from afar.</summary>
    private const long AppendCost = 64;

    /// <summary>Consecutive tokens that look at a group's entries together: every entry is then read once for all.</summary>
    public const int TokensTogether = 4;

    private readonly ModelConfig config = engine.Config;
    private readonly IKernels kernels = engine.Kernels;
    // Whatever heads are multiplied by, so is what their projection adds.
    private readonly float residualFactor = (float)(engine.Config.Architecture.ResidualFactor ?? 1);
    private readonly int[] visible_N = [.. Enumerable.Range(0, engine.Config.BlockCount).Select(engine.Config.VisibleTokens)];

    /// <summary>Most entries that a group will have behind the tokens of the pass; an upper bound of that where there are several.</summary>
    public int Entries(int block, TokenOrder order)
    {
        if (order.Count != 1) return tokens.LastPosition + 1;
        int entries = 0;
        for (int g = 0; g < order.Most; g++) entries = Math.Max(entries, tokens.Cache(order.Token(0)).Length(block, g) + 1);
        return entries;
    }

    /// <summary>Turns queries and keys, adds entries to the caches and fills <see cref="DecodeBuffers.Heads"/>.</summary>
    /// <param name="block">Which block.</param>
    /// <param name="w">Its weights.</param>
    /// <param name="order">Groups that each token keeps.</param>
    /// <param name="entries">As <see cref="Entries"/> said before any thread came here.</param>
    /// <param name="worker">Which thread.</param>
    /// <param name="workers">Of how many.</param>
    public void Attend(int block, in DecodeBlock w, TokenOrder order, int entries, int worker, int workers)
    {
        int slots = order.Count, groups = order.Most, chunks = Chunks(entries);
        long work = (2L * Math.Min(entries, visible_N[block]) + AppendCost) * config.HeadSize * config.HeadsPerGroup;
        (int from, int to) = WorkShare.Of(groups, 1, work * slots, worker, workers);
        for (int g = from; g < to; g++) Append(block, g, w, order);
        if (slots == 1 && chunks == 1)
        {
            // A group's entries and queries are this thread's own: no need to wait.
            for (int g = from; g < to; g++) AttendAlone(block, g, 0, order, worker);
            return;
        }
        team.Barrier(workers);
        if (slots > 1)
        {
            // A window begins elsewhere for each token.
            int together = tokens.OneSequence && !Windowed(block) ? TokensTogether : 1;
            (from, to) = WorkShare.Of(groups * ((slots + together - 1) / together), 1, work * together, worker, workers);
            for (int i = from; i < to; i++)
            {
                (int group, int slot) = (i % groups, i / groups * together);
                if (together > 1) AttendTogether(block, group, slot, Math.Min(together, slots - slot), worker);
                else if (group < order.Kept(slot)) AttendAlone(block, group, slot, order, worker);
            }
            return;
        }
        // One token over a long past: chunks of entries are shared out, and merged when all are there.
        int token = order.Token(0);
        (from, to) = WorkShare.Of(groups * chunks, 1, work / chunks, worker, workers);
        for (int i = from; i < to; i++)
        {
            (int group, int chunk) = (i / chunks, i % chunks);
            int seen = tokens.Seen(token, block, group), first = FirstSeen(block, group, token, seen);
            if (chunk >= first / DecodeBuffers.ChunkEntries && chunk < Chunks(seen)) AttendChunk(block, group, 0, token, 1, chunk, first, seen, worker, Partial(group, chunk));
        }
        team.Barrier(workers);
        (from, to) = WorkShare.Of(groups, 1, work, worker, workers);
        for (int g = from; g < to; g++)
        {
            int seen = tokens.Seen(token, block, g);
            Merge(g, 0, Partial(g, 0), FirstSeen(block, g, token, seen) / DecodeBuffers.ChunkEntries, Chunks(seen));
        }
    }

    private void AttendAlone(int block, int group, int slot, TokenOrder order, int worker)
    {
        int token = order.Token(slot), seen = tokens.Seen(token, block, group), first = FirstSeen(block, group, token, seen);
        int firstChunk = first / DecodeBuffers.ChunkEntries, chunks = Chunks(seen);
        for (int c = firstChunk; c < chunks; c++) AttendChunk(block, group, slot, token, 1, c, first, seen, worker, Partial(worker, c));
        Merge(group, slot, Partial(worker, 0), firstChunk, chunks);
    }

    // Consecutive tokens of one sequence, whose slots are their own; each sees one entry more than the one before.
    private void AttendTogether(int block, int group, int first, int count, int worker)
    {
        int seen = tokens.Seen(first, block, group);
        for (int c = 0; c < Chunks(seen + count - 1); c++)
        {
            // The first tokens may end before the chunk begins.
            int skip = Math.Max(0, c * DecodeBuffers.ChunkEntries + 1 - seen);
            AttendChunk(block, group, first + skip, first + skip, count - skip, c, 0, seen + skip, worker, Partial(worker, c) + (nint)skip * buffers.PartialResult);
        }
        for (int t = 0; t < count; t++) Merge(group, first + t, Partial(worker, 0) + (nint)t * buffers.PartialResult, 0, Chunks(seen + t));
    }

    private void AttendChunk(int block, int group, int slot, int token, int count, int chunk, int firstSeen, int seen, int worker, float* result)
    {
        int first = chunk * DecodeBuffers.ChunkEntries, last = first + DecodeBuffers.ChunkEntries, size = config.HeadSize;
        // A window may begin within the chunk: at the tile that holds its first entry.
        first = Math.Max(first, firstSeen / kernels.Lanes * kernels.Lanes);
        float* scores = buffers.Scores + (nint)worker * buffers.ScoreFloats;
        kernels.Attend(new AttentionChunk
        {
            Tokens = count,
            Queries = buffers.Query + (nint)slot * buffers.QueryStride + group * config.HeadsPerGroup * size,
            QueryStride = buffers.QueryStride,
            Heads = config.HeadsPerGroup,
            HeadSize = size,
            Keys = tokens.Cache(token).Keys(block, group) + (nint)first * size,
            Values = tokens.Cache(token).Values(block, group) + (nint)first * size,
            Entries = Math.Min(last, seen) - first,
            MostEntries = last - first,
            Skipped = Math.Max(0, firstSeen - first),
            Scores = scores,
            Sums = scores + buffers.SumsOffset,
            Result = result,
            ResultStride = buffers.PartialResult,
        });
    }

    // The first entry that a token's window holds.
    private int FirstSeen(int block, int group, int token, int seen) => Windowed(block) && tokens.Position(token) >= visible_N[block]
        ? Math.Min(tokens.Cache(token).LengthUpTo(block, group, tokens.Position(token) + 1 - visible_N[block]), seen - 1) : 0;

    private bool Windowed(int block) => visible_N[block] < config.ContextLength;

    private void Append(int block, int group, in DecodeBlock w, TokenOrder order)
    {
        int size = config.HeadSize, rotated = config.UnrotatedBlocks?[block] == true ? 0 : config.RotarySize, perGroup = config.HeadsPerGroup;
        float scale = (float)(config.Architecture.AttentionScale ?? 1 / Math.Sqrt(size)), epsilon = (float)config.NormEpsilon;
        for (int s = 0; s < order.Count && order.Kept(s) > group; s++)
        {
            int token = order.Token(s);
            float* cos = buffers.Cos + (nint)token * buffers.AngleStride, sin = buffers.Sin + (nint)token * buffers.AngleStride;
            float* query = buffers.Query + (nint)s * buffers.QueryStride + group * perGroup * size, key = buffers.Key + (nint)s * buffers.KeyStride + group * size;
            for (int m = 0; m < perGroup; m++)
            {
                if (w.QueryNorm != 0) kernels.RmsNorm(query + m * size, (float*)w.QueryNorm, size, epsilon, query + m * size);
                kernels.Rotate(query + m * size, rotated, size, cos, sin, scale);
            }
            if (w.KeyNorm != 0) kernels.RmsNorm(key, (float*)w.KeyNorm, size, epsilon, key);
            kernels.Rotate(key, rotated, size, cos, sin, 1);
            tokens.Cache(token).Append(block, group, tokens.Position(token), key, buffers.Value + (nint)s * buffers.KeyStride + group * size);
        }
    }

    // The chunks' softmaxes over their own entries become one over all: each is weighted by e^(its greatest score − the greatest of all).
    private void Merge(int group, int slot, float* partial, int first, int chunks)
    {
        int size = config.HeadSize;
        float* heads = buffers.Heads + (nint)slot * buffers.QueryStride + group * config.HeadsPerGroup * size;
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
            float inverse = residualFactor / sum;
            for (int h = 0; h < size; h++) heads[h] *= inverse;
        }
    }

    private float* Partial(int owner, int chunk) => buffers.Partial + (nint)owner * buffers.AttentionStride + (nint)chunk * buffers.PartialStride;

    private static int Chunks(int entries) => (entries + DecodeBuffers.ChunkEntries - 1) / DecodeBuffers.ChunkEntries;
}
