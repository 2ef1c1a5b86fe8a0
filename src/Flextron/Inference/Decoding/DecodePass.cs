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
    /// <summary>Weights that a pass must read for the team to be woken at all.</summary>
    private const long WeightsPerTeam = 1 << 20;

    private readonly DecodeEngine engine;
    private readonly ModelConfig config;
    private readonly IKernels kernels;
    private readonly DecodeBuffers buffers;
    private readonly CachedAttention attention;
    private readonly SubNetwork widest;
    private readonly BlockShape[] shapes;
    private readonly WorkerTeam team;
    private readonly int threads;
    private readonly double[] frequencies_I;
    private int tokens, position, width;
    private float weight;
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
        attention = new CachedAttention(engine, buffers, Cache, team);
        shapes = new BlockShape[config.BlockCount];
        frequencies_I = RotaryTable.Frequencies(config);
    }

    public DecodeCache Cache { get; }

    /// <summary>Is told where the calling thread's time goes; null where nobody asks.</summary>
    public PartClock? Clock { get; set; }

    /// <summary>Most tokens of one <see cref="Forward"/>.</summary>
    public int BlockTokens => buffers.BlockTokens;

    /// <summary>Logits of the last token passed with logits wanted.</summary>
    public ReadOnlySpan<float> Logits => new(buffers.Logits, config.VocabularySize);

    /// <summary>Passes a block of tokens through. Everything has been validated.</summary>
    /// <param name="ids">At most <see cref="BlockTokens"/>; one where there is a router.</param>
    /// <param name="start">Position of the first.</param>
    /// <param name="network">Widths; null where the router decides.</param>
    /// <param name="chooser">Decides the widths of one token.</param>
    /// <param name="logits">Whether those of the last token are wanted.</param>
    public void Forward(ReadOnlySpan<int> ids, int start, SubNetwork? network, IStepRouter? chooser, bool logits)
    {
        Clock?.Start();
        (tokens, position, width, router, wantsLogits, failure) = (ids.Length, start, network?.Width ?? config.HiddenSize, chooser, logits, null);
        network?.Blocks.AsSpan().CopyTo(shapes);
        attention.Begin(tokens, start);
        for (int t = 0; t < ids.Length; t++)
        {
            kernels.ReadRow(engine.Embedding, ids[t], width, Residual(t));
            if (engine.Positions != 0) kernels.Add(Residual(t), (float*)engine.Positions + (nint)(start + t) * config.HiddenSize, width);
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
            // Read before the next wait: the first thread may be a block ahead when the others come to weigh.
            bool weighs = router is not null && weight != 1;
            // Both parts of a parallel block read the same, and so do their routers.
            bool parallel = config.Architecture.ParallelResidual;
            if (router is not null && parallel && !Choose(b, attention: false, worker, workers)) return;
            if (shapes[b].KvGroups > 0) Attention(b, shapes[b].KvGroups, worker, workers);
            clock?.Stamp(1 + 2 * b);
            if (router is not null && !parallel && !Choose(b, attention: false, worker, workers)) return;
            if (shapes[b].Neurons > 0) Mlp(engine.Blocks[b], shapes[b].Neurons, shapes[b].KvGroups > 0, worker, workers);
            if (weighs) Weigh(worker, workers);
            clock?.Stamp(2 + 2 * b);
        }
        if (router is not null && worker == 0) Finish();
        if (wantsLogits) Head(worker, workers);
    }

    private void Attention(int block, int groups, int worker, int workers)
    {
        DecodeBlock w = engine.Blocks[block];
        int size = config.HeadSize, queryRows = groups * config.HeadsPerGroup * size, keyRows = groups * size, entries = attention.Entries(block, groups);
        float* normed = Norm(w.AttentionNorm, w.AttentionNormBias, buffers.Normed, worker, workers);
        // Where both parts read the same residual stream, the MLP's norm comes before attention changes it.
        if (config.Architecture.ParallelResidual) Norm(w.MlpNorm, w.MlpNormBias, buffers.MlpNormed, worker, workers);
        (int from, int to) = WorkShare.Of(queryRows + 2 * keyRows, 8, (long)width * tokens, worker, workers);
        Project(w.Query, w.QueryBias, from, to, 0, queryRows, normed, buffers.Query, buffers.QueryStride, worker);
        Project(w.Key, w.KeyBias, from, to, queryRows, keyRows, normed, buffers.Key, buffers.KeyStride, worker);
        Project(w.Value, w.ValueBias, from, to, queryRows + keyRows, keyRows, normed, buffers.Value, buffers.KeyStride, worker);
        team.Barrier(workers);
        attention.Attend(block, w, groups, entries, worker, workers);
        team.Barrier(workers);
        AddProjection(w.Output, w.OutputBias, queryRows, buffers.Heads, buffers.QueryStride, worker, workers);
    }

    private void Mlp(in DecodeBlock w, int neurons, bool attended, int worker, int workers)
    {
        float* normed = config.Architecture.ParallelResidual && attended ? Normed(buffers.MlpNormed, worker) : Norm(w.MlpNorm, w.MlpNormBias, buffers.MlpNormed, worker, workers);
        (int from, int to) = WorkShare.Of(neurons, 16, 2L * width * tokens, worker, workers);
        // Without gates the non-linearity is applied to the up projection, which then takes the gates' place.
        if (w.Gate is { } gate) Project(gate, w.GateBias, from, to, 0, neurons, normed, buffers.Gate, buffers.NeuronStride, worker);
        Project(w.Up, w.UpBias, from, to, 0, neurons, normed, w.Gate is null ? buffers.Gate : buffers.Up, buffers.NeuronStride, worker);
        for (int t = 0; t < tokens && from < to; t++)
        {
            nint at = (nint)t * buffers.NeuronStride + from;
            kernels.Activate(config.Architecture.Activation, buffers.Gate + at, w.Gate is null ? null : buffers.Up + at, to - from);
        }
        team.Barrier(workers);
        AddProjection(w.Down, w.DownBias, neurons, buffers.Gate, buffers.NeuronStride, worker, workers);
    }

    private void Head(int worker, int workers)
    {
        float* normed = buffers.Normed + (nint)worker * buffers.NormedStride;
        Norm(Residual(tokens - 1), engine.FinalNorm, engine.FinalNormBias, normed);
        (int from, int to) = WorkShare.Of(config.VocabularySize, 8, width, worker, workers);
        if (from < to) kernels.Dot(engine.Head, from, to - from, normed, width, buffers.Logits + from);
    }

    // The norm of one token is faster done by everyone than waited for; of a block each thread does some tokens.
    private float* Norm(nint weight, nint bias, float* target, int worker, int workers)
    {
        if (tokens == 1)
        {
            Norm(Residual(0), weight, bias, Normed(target, worker));
            return Normed(target, worker);
        }
        (int from, int to) = WorkShare.Of(tokens, 1, 2L * width, worker, workers);
        for (int t = from; t < to; t++) Norm(Residual(t), weight, bias, target + (nint)t * buffers.NormedStride);
        team.Barrier(workers);
        return target;
    }

    private void Norm(float* x, nint weight, nint bias, float* y)
    {
        if (config.Architecture.Norm == NormKind.Layer) kernels.LayerNorm(x, (float*)weight, (float*)bias, width, (float)config.NormEpsilon, y);
        else kernels.RmsNorm(x, (float*)weight, width, (float)config.NormEpsilon, y);
    }

    // Where a thread finds normed values: its own of one token, everybody's of a block.
    private float* Normed(float* target, int worker) => tokens == 1 ? target + (nint)worker * buffers.NormedStride : target;

    // Those rows of one projection that fall into a thread's share of several projections laid end to end.
    private void Project(in WeightMatrix w, nint bias, int from, int to, int begins, int rows, float* x, float* y, int stride, int worker)
    {
        int first = Math.Max(from, begins) - begins, count = Math.Min(to, begins + rows) - begins - first;
        if (count <= 0) return;
        if (tokens == 1) kernels.Dot(w, first, count, x, width, y + first);
        else kernels.DotBlock(w, first, count, x, buffers.NormedStride, tokens, width, y + first, stride, buffers.Scratch(worker));
        for (int t = 0; t < tokens && bias != 0; t++) kernels.Add(y + (nint)t * stride + first, (float*)bias + first, count);
    }

    // residual += coefficients · w + bias, for transposed projections.
    private void AddProjection(in WeightMatrix w, nint bias, int rows, float* coefficients, int stride, int worker, int workers)
    {
        if (tokens > 1)
        {
            (int first, int end) = WorkShare.Of(width, 64, (long)rows * tokens, worker, workers);
            if (first < end) kernels.AccumulateBlock(w, rows, DecodeBuffers.ChunkRows, coefficients, stride, tokens, first, end - first, buffers.Residual, buffers.Width, buffers.Scratch(worker));
            for (int t = 0; t < tokens && bias != 0 && first < end; t++) kernels.Add(Residual(t) + first, (float*)bias + first, end - first);
            team.Barrier(workers);
            return;
        }
        int chunks = DecodeBuffers.Chunks(rows);
        (int from, int to) = WorkShare.Of(chunks, 1, (long)DecodeBuffers.ChunkRows * width, worker, workers);
        bool alone = to - from == chunks;
        for (int c = from; c < to; c++)
        {
            float* sum = buffers.Sums + (alone ? 0 : (nint)c * buffers.Width);
            int first = c * DecodeBuffers.ChunkRows;
            new Span<float>(sum, width).Clear();
            kernels.Accumulate(w, first, Math.Min(DecodeBuffers.ChunkRows, rows - first), coefficients + first, width, sum);
            if (alone) kernels.Add(Residual(0), sum, width);
        }
        if (alone && bias != 0) kernels.Add(Residual(0), (float*)bias, width);
        team.Barrier(workers);
        if (WorkShare.Active(chunks, (long)DecodeBuffers.ChunkRows * width, workers) == 1) return;
        (from, to) = WorkShare.Of(width, 16, 4L * chunks, worker, workers);
        for (int c = 0; c < chunks && from < to; c++) kernels.Add(Residual(0) + from, buffers.Sums + (nint)c * buffers.Width + from, to - from);
        if (bias != 0 && from < to) kernels.Add(Residual(0) + from, (float*)bias + from, to - from);
        team.Barrier(workers);
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
                if (attention && (weight = router!.Weight(block)) != 1) hidden_C.CopyTo(new Span<float>(buffers.Entered, width));
            }
#pragma warning disable CA1031 // Whatever it is goes on to the caller, when no thread waits any more.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = e;
            }
        }
        team.Barrier(workers);
        return failure is null;
    }

    // What the block has added to the one token, times its weight; the residual stream that entered it is never weighed.
    private void Weigh(int worker, int workers)
    {
        if (worker == 0)
        {
            float* x = Residual(0), entered = buffers.Entered;
            for (int c = 0; c < width; c++) x[c] = entered[c] + weight * (x[c] - entered[c]);
        }
        team.Barrier(workers);
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
