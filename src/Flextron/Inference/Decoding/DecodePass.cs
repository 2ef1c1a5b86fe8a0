using System.Runtime.ExceptionServices;
using Flextron.Inference.Kernels;
using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>
/// One pass of a block of tokens through the network, shared by the threads of a team. Between two barriers each thread writes what only it
/// writes and reads what nobody writes.
/// </summary>
/// <remarks>
/// Rows of the projections that read the residual stream are dot products, shared out by rows. The projections that write it are stored
/// transposed: for one token each thread sums chunks of rows, which lie one behind the other in memory, into buffers that are then added in
/// order; for many tokens columns are shared out. Both orders of summation are the same, and do not depend on the number of threads.
/// </remarks>
internal sealed unsafe class DecodePass : ITeamWork, IDisposable
{
    /// <summary>Weights that a thread must have to itself in a part, for the part to be shared: about ten times what a barrier costs.</summary>
    private const long WeightsPerWorker = 1 << 15;

    /// <summary>Weights that a pass must read for the team to be woken at all.</summary>
    private const long WeightsPerTeam = 1 << 20;

    /// <summary>What turning a token's queries and storing its key and value costs, in entries attended to: its cache lines come from afar.</summary>
    private const long AppendCost = 64;

    private readonly DecodeEngine engine;
    private readonly ModelConfig config;
    private readonly IKernels kernels;
    private readonly DecodeBuffers buffers;
    private readonly SubNetwork widest;
    private readonly BlockShape[] shapes;
    private readonly WorkerTeam team;
    private readonly int threads;
    private readonly double[] frequencies_I;
    private int tokens, position, width;
    private bool wantsLogits;
    private IStepRouter? router;
    private Exception? failure;

    public DecodePass(DecodeEngine engine, SubNetwork widest, int capacity, int threads, WorkerTeam team)
    {
        this.engine = engine;
        this.widest = widest;
        this.team = team;
        this.threads = Math.Min(threads, team.MaximumWorkers);
        (config, kernels) = (engine.Config, engine.Kernels);
        buffers = new DecodeBuffers(config, capacity, this.threads, kernels);
        Cache = new DecodeCache(config, widest, capacity, kernels);
        shapes = new BlockShape[config.BlockCount];
        frequencies_I = RotaryTable.Frequencies(config);
    }

    public DecodeCache Cache { get; }

    /// <summary>Is told where the calling thread's time goes; null where nobody asks.</summary>
    public PartClock? Clock { get; set; }

    /// <summary>Logits of the last token passed with logits wanted.</summary>
    public ReadOnlySpan<float> Logits => new(buffers.Logits, config.VocabularySize);

    /// <summary>Passes a block of tokens through. Everything has been validated.</summary>
    /// <param name="ids">At most <see cref="DecodeBuffers.BlockTokens"/>; one where there is a router.</param>
    /// <param name="start">Position of the first.</param>
    /// <param name="network">Widths; null where the router decides.</param>
    /// <param name="chooser">Decides the widths of one token.</param>
    /// <param name="logits">Whether those of the last token are wanted.</param>
    public void Forward(ReadOnlySpan<int> ids, int start, SubNetwork? network, IStepRouter? chooser, bool logits)
    {
        Clock?.Start();
        (tokens, position, width, router, wantsLogits, failure) = (ids.Length, start, network?.Width ?? config.HiddenSize, chooser, logits, null);
        network?.Blocks.AsSpan().CopyTo(shapes);
        for (int t = 0; t < ids.Length; t++)
        {
            kernels.ReadRow(engine.Embedding, ids[t], width, Residual(t));
            Angles(t);
        }
        team.Run(this, StepThreads());
        Clock?.Stamp(0);
        router = null;
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        buffers.Dispose();
        Cache.Dispose();
    }

    /// <inheritdoc/>
    public void Run(int worker, int workers)
    {
        // A part ends where all threads have come to its end, so that the first one's time is everybody's.
        PartClock? clock = worker == 0 ? Clock : null;
        clock?.Stamp(0);
        for (int b = 0; b < shapes.Length; b++)
        {
            if (router is not null && !Choose(b, attention: true, worker, workers)) return;
            if (shapes[b].KvGroups > 0) Attention(b, shapes[b].KvGroups, worker, workers);
            clock?.Stamp(1 + 2 * b);
            if (router is not null && !Choose(b, attention: false, worker, workers)) return;
            if (shapes[b].Neurons > 0) Mlp(engine.Blocks[b], shapes[b].Neurons, worker, workers);
            clock?.Stamp(2 + 2 * b);
        }
        if (router is not null && worker == 0) Finish();
        if (wantsLogits) Head(worker, workers);
    }

    private void Attention(int block, int groups, int worker, int workers)
    {
        DecodeBlock w = engine.Blocks[block];
        int size = config.HeadSize, perGroup = config.HeadsPerGroup, queryRows = groups * perGroup * size, keyRows = groups * size, entries = 0;
        for (int g = 0; g < groups; g++) entries = Math.Max(entries, Cache.Length(block, g) + tokens);
        float* normed = Norm(w.AttentionNorm, worker, workers);
        (int from, int to) = Share(queryRows + 2 * keyRows, 8, (long)width * tokens, worker, workers);
        Project(w.Query, from, to, 0, queryRows, normed, buffers.Query, buffers.QueryStride);
        Project(w.Key, from, to, queryRows, keyRows, normed, buffers.Key, buffers.KeyStride);
        Project(w.Value, from, to, queryRows + keyRows, keyRows, normed, buffers.Value, buffers.KeyStride);
        Barrier(workers);
        Attend(block, groups, Chunks(entries), (2L * entries + AppendCost) * size * perGroup, worker, workers);
        Barrier(workers);
        AddProjection(w.Output, queryRows, buffers.Heads, buffers.QueryStride, worker, workers);
    }

    // Of all groups' queries; work is what one query block of a group costs.
    private void Attend(int block, int groups, int chunks, long work, int worker, int workers)
    {
        (int from, int to) = Share(groups, 1, work * tokens, worker, workers);
        for (int g = from; g < to; g++) Append(block, g);
        if (tokens == 1 && chunks == 1)
        {
            // A group's entries and queries are this thread's own: no need to wait.
            for (int g = from; g < to; g++) AttendAlone(block, g, 0, worker);
            return;
        }
        Barrier(workers);
        if (tokens > 1)
        {
            (from, to) = Share(groups * tokens, 1, work, worker, workers);
            for (int i = from; i < to; i++) AttendAlone(block, i % groups, i / groups, worker);
            return;
        }
        // One token over a long past: chunks of entries are shared out, and merged when all are there.
        (from, to) = Share(groups * chunks, 1, work / chunks, worker, workers);
        for (int i = from; i < to; i++)
        {
            (int group, int chunk) = (i / chunks, i % chunks);
            if (chunk < Chunks(Cache.Length(block, group))) AttendChunk(block, group, 0, chunk, worker, Partial(group, chunk));
        }
        Barrier(workers);
        (from, to) = Share(groups, 1, work, worker, workers);
        for (int g = from; g < to; g++) Merge(g, 0, Partial(g, 0), Chunks(Cache.Length(block, g)));
    }

    private void AttendAlone(int block, int group, int token, int worker)
    {
        int chunks = Chunks(Seen(block, group, token));
        for (int c = 0; c < chunks; c++) AttendChunk(block, group, token, c, worker, Partial(worker, c));
        Merge(group, token, Partial(worker, 0), chunks);
    }

    private void AttendChunk(int block, int group, int token, int chunk, int worker, float* result)
    {
        int first = chunk * DecodeBuffers.ChunkEntries, size = config.HeadSize;
        float* scores = buffers.Scores + (nint)worker * buffers.ScoreFloats;
        kernels.Attend(new AttentionChunk
        {
            Queries = buffers.Query + (nint)token * buffers.QueryStride + group * config.HeadsPerGroup * size,
            Heads = config.HeadsPerGroup,
            HeadSize = size,
            Keys = Cache.Keys(block, group) + (nint)first * size,
            Values = Cache.Values(block, group) + (nint)first * size,
            Entries = Math.Min(DecodeBuffers.ChunkEntries, Seen(block, group, token) - first),
            Scores = scores,
            Sums = scores + buffers.SumsOffset,
            Result = result,
        });
    }

    // Entries of a group that a token of the block may see: all before the block, those of the block up to its own.
    private int Seen(int block, int group, int token) => Cache.Length(block, group) - tokens + token + 1;

    private void Append(int block, int group)
    {
        int size = config.HeadSize, perGroup = config.HeadsPerGroup;
        float scale = 1 / MathF.Sqrt(size);
        for (int t = 0; t < tokens; t++)
        {
            float* cos = buffers.Cos + (nint)t * buffers.AngleStride, sin = buffers.Sin + (nint)t * buffers.AngleStride;
            float* query = buffers.Query + (nint)t * buffers.QueryStride + group * perGroup * size, key = buffers.Key + (nint)t * buffers.KeyStride + group * size;
            for (int m = 0; m < perGroup; m++) kernels.Rotate(query + m * size, size, cos, sin, scale);
            kernels.Rotate(key, size, cos, sin, 1);
            Cache.Append(block, group, position + t, key, buffers.Value + (nint)t * buffers.KeyStride + group * size);
        }
    }

    // The chunks' softmaxes over their own entries become one over all: each is weighted by e^(its greatest score − the greatest of all).
    private void Merge(int group, int token, float* partial, int chunks)
    {
        int size = config.HeadSize;
        float* heads = buffers.Heads + (nint)token * buffers.QueryStride + group * config.HeadsPerGroup * size;
        for (int m = 0; m < config.HeadsPerGroup; m++, heads += size, partial += size + 2)
        {
            float greatest = partial[0], sum = 0;
            for (int c = 1; c < chunks; c++) greatest = MathF.Max(greatest, partial[(nint)c * buffers.PartialStride]);
            new Span<float>(heads, size).Clear();
            for (int c = 0; c < chunks; c++)
            {
                float* part = partial + (nint)c * buffers.PartialStride;
                float weight = c == 0 && chunks == 1 ? 1 : MathF.Exp(part[0] - greatest);
                sum += weight * part[1];
                for (int h = 0; h < size; h++) heads[h] += weight * part[2 + h];
            }
            float inverse = 1 / sum;
            for (int h = 0; h < size; h++) heads[h] *= inverse;
        }
    }

    private void Mlp(in DecodeBlock w, int neurons, int worker, int workers)
    {
        float* normed = Norm(w.MlpNorm, worker, workers);
        (int from, int to) = Share(neurons, 16, 2L * width * tokens, worker, workers);
        Project(w.Gate, from, to, 0, neurons, normed, buffers.Gate, buffers.NeuronStride);
        Project(w.Up, from, to, 0, neurons, normed, buffers.Up, buffers.NeuronStride);
        for (int t = 0; t < tokens && from < to; t++)
            kernels.Silu(buffers.Gate + (nint)t * buffers.NeuronStride + from, buffers.Up + (nint)t * buffers.NeuronStride + from, to - from);
        Barrier(workers);
        AddProjection(w.Down, neurons, buffers.Gate, buffers.NeuronStride, worker, workers);
    }

    private void Head(int worker, int workers)
    {
        float* normed = buffers.Normed + (nint)worker * buffers.NormedStride;
        kernels.RmsNorm(Residual(tokens - 1), (float*)engine.FinalNorm, width, (float)config.NormEpsilon, normed);
        (int from, int to) = Share(config.VocabularySize, 8, width, worker, workers);
        if (from < to) kernels.Dot(engine.Head, from, to - from, normed, width, buffers.Logits + from);
    }

    // The norm of one token is faster done by everyone than waited for; of a block each thread does some tokens.
    private float* Norm(nint weight, int worker, int workers)
    {
        if (tokens == 1)
        {
            float* own = buffers.Normed + (nint)worker * buffers.NormedStride;
            kernels.RmsNorm(Residual(0), (float*)weight, width, (float)config.NormEpsilon, own);
            return own;
        }
        (int from, int to) = Share(tokens, 1, 2L * width, worker, workers);
        for (int t = from; t < to; t++) kernels.RmsNorm(Residual(t), (float*)weight, width, (float)config.NormEpsilon, buffers.Normed + (nint)t * buffers.NormedStride);
        Barrier(workers);
        return buffers.Normed;
    }

    // Those rows of one projection that fall into a thread's share of several projections laid end to end.
    private void Project(in WeightMatrix w, int from, int to, int begins, int rows, float* x, float* y, int stride)
    {
        int first = Math.Max(from, begins) - begins, count = Math.Min(to, begins + rows) - begins - first;
        if (count <= 0) return;
        if (tokens == 1) kernels.Dot(w, first, count, x, width, y + first);
        else kernels.DotBlock(w, first, count, x, buffers.NormedStride, tokens, width, y + first, stride);
    }

    // residual += coefficients · w, for transposed projections.
    private void AddProjection(in WeightMatrix w, int rows, float* coefficients, int stride, int worker, int workers)
    {
        if (tokens > 1)
        {
            (int first, int end) = Share(width, 64, (long)rows * tokens, worker, workers);
            if (first < end) kernels.AccumulateBlock(w, rows, DecodeBuffers.ChunkRows, coefficients, stride, tokens, first, end - first, buffers.Residual, buffers.Width);
            Barrier(workers);
            return;
        }
        int chunks = DecodeBuffers.Chunks(rows);
        (int from, int to) = Share(chunks, 1, (long)DecodeBuffers.ChunkRows * width, worker, workers);
        bool alone = to - from == chunks;
        for (int c = from; c < to; c++)
        {
            float* sum = buffers.Sums + (alone ? 0 : (nint)c * buffers.Width);
            int first = c * DecodeBuffers.ChunkRows;
            new Span<float>(sum, width).Clear();
            kernels.Accumulate(w, first, Math.Min(DecodeBuffers.ChunkRows, rows - first), coefficients + first, width, sum);
            if (alone) kernels.Add(Residual(0), sum, width);
        }
        Barrier(workers);
        if (Active(chunks, (long)DecodeBuffers.ChunkRows * width, workers) == 1) return;
        (from, to) = Share(width, 16, 4L * chunks, worker, workers);
        for (int c = 0; c < chunks && from < to; c++) kernels.Add(Residual(0) + from, buffers.Sums + (nint)c * buffers.Width + from, to - from);
        Barrier(workers);
    }

    private bool Choose(int block, bool attention, int worker, int workers)
    {
        if (worker == 0)
        {
            try
            {
                var hidden_C = new ReadOnlySpan<float>(Residual(0), width);
                int most = attention ? widest.Blocks[block].KvGroups : config.NeuronCount;
                int kept = attention ? router!.KvGroups(block, hidden_C) : router!.Neurons(block, hidden_C);
                if (kept < 0 || kept > most)
                    throw new FlextronException($"The router keeps {kept} {(attention ? "key/value groups" : "neurons")} of block {block}: choose 0 to {most}.");
                shapes[block] = attention ? new BlockShape(kept, 0) : shapes[block] with { Neurons = kept };
            }
#pragma warning disable CA1031 // Whatever it is goes on to the caller, when no thread waits any more.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = e;
            }
        }
        Barrier(workers);
        return failure is null;
    }

    private void Finish()
    {
        try
        {
            router!.Finish(new ReadOnlySpan<float>(Residual(0), width));
        }
#pragma warning disable CA1031 // As above.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }
    }

    private float* Residual(int token) => buffers.Residual + (nint)token * buffers.Width;

    private float* Partial(int owner, int chunk) => buffers.Partial + (nint)owner * buffers.AttentionStride + (nint)chunk * buffers.PartialStride;

    private static int Chunks(int entries) => (entries + DecodeBuffers.ChunkEntries - 1) / DecodeBuffers.ChunkEntries;

    // A thread's share of items that are handed out by whole units.
    private static (int From, int To) Share(int items, int unit, long weightsPerItem, int worker, int workers)
    {
        int units = (items + unit - 1) / unit, active = Active(units, weightsPerItem * unit, workers);
        if (worker >= active) return (0, 0);
        return ((int)((long)units * worker / active) * unit, Math.Min(items, (int)((long)units * (worker + 1) / active) * unit));
    }

    private static int Active(int units, long weightsPerUnit, int workers) =>
        (int)Math.Clamp(units * weightsPerUnit / WeightsPerWorker, 1, Math.Min(workers, Math.Max(1, units)));

    private void Barrier(int workers) => team.Barrier(workers);

    private void Angles(int token)
    {
        float* cos = buffers.Cos + (nint)token * buffers.AngleStride, sin = buffers.Sin + (nint)token * buffers.AngleStride;
        for (int i = 0; i < frequencies_I.Length; i++)
        {
            (double s, double c) = Math.SinCos((position + token) * frequencies_I[i]);
            (cos[i], sin[i]) = ((float)c, (float)s);
        }
    }

    private int StepThreads()
    {
        long rows = wantsLogits ? config.VocabularySize : 0;
        foreach (BlockShape shape in shapes)
        {
            BlockShape s = router is null ? shape : engine.FullNetwork.Blocks[0];
            rows += 2L * s.KvGroups * (config.HeadsPerGroup + 1) * config.HeadSize + 3L * s.Neurons;
        }
        return rows * width * tokens < WeightsPerTeam ? 1 : threads;
    }
}
