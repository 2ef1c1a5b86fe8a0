using System.Runtime.ExceptionServices;
using Flextron.Inference.Kernels;
using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>
/// One pass of tokens through the network, consecutive ones of a sequence or one of each of several, shared by the threads of a team. Between two
/// barriers each thread writes what only it writes and reads what nobody writes.
/// </summary>
/// <remarks>
/// Rows of the projections that read the residual stream are dot products, shared out by rows. The projections that write it are stored
/// transposed: for one token each thread sums chunks of rows, which lie one behind the other in memory, into buffers that are then added in
/// order; for many tokens columns are shared out. Both orders of summation are the same, and do not depend on the number of threads. The residual
/// stream lies by token; all else lies by slot of a part's <see cref="TokenOrder"/>, so that tokens of unequal widths share what both keep.
/// </remarks>
internal sealed unsafe class DecodePass : ITeamWork, IDisposable
{
    /// <summary>Weights that a pass must read for the team to be woken at all.</summary>
    private const long WeightsPerTeam = 1 << 20;

    private readonly DecodeEngine engine;
    private readonly ModelConfig config;
    private readonly IKernels kernels;
    private readonly DecodeBuffers buffers;
    private readonly PassTokens tokens;
    private readonly CachedAttention attention;
    private readonly PassWidths widths;
    private readonly WorkerTeam team;
    private readonly int threads;
    private readonly double[] frequencies_I;
    private readonly double rotaryFactor;
    private int width, firstLogits;
    private Exception? failure;

    public DecodePass(DecodeEngine engine, SubNetwork widest, int capacity, int sequences, int threads, WorkerTeam team)
    {
        this.engine = engine;
        this.team = team;
        this.threads = Math.Min(threads, team.MaximumWorkers);
        (config, kernels) = (engine.Config, engine.Kernels);
        buffers = new DecodeBuffers(config, capacity, sequences, this.threads, kernels);
        tokens = new PassTokens(buffers.PassTokens);
        attention = new CachedAttention(engine, buffers, tokens, team);
        widths = new PassWidths(config, widest, buffers.PassTokens);
        (frequencies_I, rotaryFactor) = (RotaryTable.Frequencies(config), RotaryTable.Factor(config));
    }

    /// <summary>Is told where the calling thread's time goes; null where nobody asks.</summary>
    public PartClock? Clock { get; set; }

    /// <summary>Most tokens of one sequence that pass together.</summary>
    public int BlockTokens => buffers.BlockTokens;

    /// <summary>Logits of the last token of a sequence that passed with logits wanted, or of one of several sequences' tokens.</summary>
    public ReadOnlySpan<float> Logits(int token = 0) => new(buffers.Logits + (nint)token * buffers.LogitsStride, config.VocabularySize);

    /// <summary>Passes consecutive tokens of one sequence through. Everything has been validated.</summary>
    /// <param name="ids">At most <see cref="BlockTokens"/>; one where there is a router.</param>
    /// <param name="cache">The sequence's.</param>
    /// <param name="start">Position of the first.</param>
    /// <param name="network">Widths; null where the router decides.</param>
    /// <param name="router">Decides the widths of one token.</param>
    /// <param name="logits">Whether those of the last token are wanted.</param>
    public void Forward(ReadOnlySpan<int> ids, DecodeCache cache, int start, SubNetwork? network, IStepRouter? router, bool logits)
    {
        Clock?.Start();
        tokens.SetSequence(cache, start, ids.Length);
        if (router is null) widths.SetAll(ids.Length, network!);
        else widths.Set([router], [null]);
        width = network?.Width ?? config.HiddenSize;
        firstLogits = logits ? ids.Length - 1 : ids.Length;
        for (int t = 0; t < ids.Length; t++) Enter(t, ids[t]);
        Run();
    }

    /// <summary>Passes one token of each of several sequences through. Everything has been validated; networks are as wide as each other.</summary>
    /// <param name="ids">Tokens.</param>
    /// <param name="caches">The sequences'.</param>
    /// <param name="positions">The tokens'.</param>
    /// <param name="networks">Widths by token; null where its router decides.</param>
    /// <param name="routers">Routers by token; null where its network decides.</param>
    public void Forward(ReadOnlySpan<int> ids, ReadOnlySpan<DecodeCache> caches, ReadOnlySpan<int> positions, ReadOnlySpan<SubNetwork?> networks, ReadOnlySpan<IStepRouter?> routers)
    {
        Clock?.Start();
        tokens.Clear();
        for (int t = 0; t < ids.Length; t++) tokens.Add(caches[t], positions[t]);
        widths.Set(routers, networks);
        width = networks[0]?.Width ?? config.HiddenSize;
        firstLogits = 0;
        for (int t = 0; t < ids.Length; t++) Enter(t, ids[t]);
        Run();
    }

    /// <inheritdoc/>
    public void Dispose() => buffers.Dispose();

    /// <inheritdoc/>
    public void Run(int worker, int workers)
    {
        // A part ends where all threads have come to its end, so that the first one's time is everybody's.
        PartClock? clock = worker == 0 ? Clock : null;
        clock?.Stamp(0);
        bool parallel = config.Architecture.ParallelResidual;
        for (int b = 0; b < config.BlockCount; b++)
        {
            if (widths.Routed && !Choose(b, forAttention: true, worker, workers)) return;
            // Read before the next wait: the first thread may be a block ahead when the others come to weigh.
            bool weighs = widths.Routed && widths.Weighs;
            // Both parts of a parallel block read the same, and so do their routers.
            if (widths.Routed && parallel && !Choose(b, forAttention: false, worker, workers)) return;
            (TokenOrder groups, TokenOrder neurons) = (widths.Groups(b), widths.Neurons(b));
            if (groups.Count > 0) Attention(b, groups, neurons, worker, workers);
            clock?.Stamp(1 + 2 * b);
            if (widths.Routed && !parallel && !Choose(b, forAttention: false, worker, workers)) return;
            if (neurons.Count > 0) Mlp(engine.Blocks[b], neurons, normed: parallel && groups.Count > 0, worker, workers);
            if (weighs) Weigh(worker, workers);
            clock?.Stamp(2 + 2 * b);
        }
        if (widths.Routed && worker == 0) Finish();
        if (firstLogits < tokens.Count) Head(worker, workers);
    }

    private void Run()
    {
        failure = null;
        team.Run(this, StepThreads());
        Clock?.Stamp(0);
        widths.Forget();
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
    }

    private void Enter(int token, int id)
    {
        int position = tokens.Position(token);
        kernels.ReadRow(engine.Embedding, id, width, Residual(token));
        Multiply(Residual(token), width, config.Architecture.EmbeddingFactor);
        if (engine.Positions != 0) kernels.Add(Residual(token), (float*)engine.Positions + (nint)position * config.HiddenSize, width);
        float* cos = buffers.Cos + (nint)token * buffers.AngleStride, sin = buffers.Sin + (nint)token * buffers.AngleStride;
        for (int i = 0; i < frequencies_I.Length; i++)
        {
            (double s, double c) = Math.SinCos(position * frequencies_I[i]);
            (cos[i], sin[i]) = ((float)(c * rotaryFactor), (float)(s * rotaryFactor));
        }
    }

    private void Attention(int block, TokenOrder groups, TokenOrder neurons, int worker, int workers)
    {
        DecodeBlock w = engine.Blocks[block];
        int size = config.HeadSize, querySize = config.HeadsPerGroup * size, queryRows = groups.Most * querySize, keyRows = groups.Most * size, entries = attention.Entries(block, groups);
        float* normed = Norm(groups, w.AttentionNorm, w.AttentionNormBias, buffers.Normed, worker, workers);
        // Where both parts read the same residual stream, the MLP's norm comes before attention changes it.
        if (config.Architecture.ParallelResidual && neurons.Count > 0) Norm(neurons, w.MlpNorm, w.MlpNormBias, buffers.MlpNormed, worker, workers);
        (int from, int to) = WorkShare.Of(queryRows + 2 * keyRows, 8, (long)width * groups.Count, worker, workers);
        Project(w.Query, w.QueryBias, groups.Rows(querySize), from, to, 0, normed, buffers.Query, buffers.QueryStride);
        Project(w.Key, w.KeyBias, groups.Rows(size), from, to, queryRows, normed, buffers.Key, buffers.KeyStride);
        Project(w.Value, w.ValueBias, groups.Rows(size), from, to, queryRows + keyRows, normed, buffers.Value, buffers.KeyStride);
        team.Barrier(workers);
        attention.Attend(block, w, groups, entries, worker, workers);
        team.Barrier(workers);
        AddProjection(w.Output, w.OutputBias, groups.Rows(querySize), buffers.Heads, buffers.QueryStride, worker, workers);
    }

    private void Mlp(in DecodeBlock w, TokenOrder neurons, bool normed, int worker, int workers)
    {
        float* x = normed ? Normed(neurons.Count, buffers.MlpNormed, worker) : Norm(neurons, w.MlpNorm, w.MlpNormBias, buffers.MlpNormed, worker, workers);
        TokenRows rows = neurons.Rows(1);
        (int from, int to) = WorkShare.Of(rows.Most, 16, 2L * width * neurons.Count, worker, workers);
        // Without gates the non-linearity is applied to the up projection, which then takes the gates' place.
        if (w.Gate is { } gate) Project(gate, w.GateBias, rows, from, to, 0, x, buffers.Gate, buffers.NeuronStride);
        Project(w.Up, w.UpBias, rows, from, to, 0, x, w.Gate is null ? buffers.Gate : buffers.Up, buffers.NeuronStride);
        for (int s = 0; s < neurons.Count; s++)
        {
            int count = Math.Min(to, rows.Rows(s)) - from;
            if (count <= 0) break;
            nint at = (nint)s * buffers.NeuronStride + from;
            kernels.Activate(config.Architecture.Activation, buffers.Gate + at, w.Gate is null ? null : buffers.Up + at, count);
            Multiply(buffers.Gate + at, count, config.Architecture.ResidualFactor);
        }
        team.Barrier(workers);
        AddProjection(w.Down, w.DownBias, rows, buffers.Gate, buffers.NeuronStride, worker, workers);
    }

    private void Head(int worker, int workers)
    {
        int count = tokens.Count - firstLogits;
        float* normed = Normed(count, buffers.Normed, worker);
        (int first, int end) = count == 1 ? (0, 1) : WorkShare.Of(count, 1, 2L * width, worker, workers);
        for (int i = first; i < end; i++)
        {
            float* row = normed + (nint)i * buffers.NormedStride;
            Norm(Residual(firstLogits + i), engine.FinalNorm, engine.FinalNormBias, row);
            Multiply(row, width, 1 / config.Architecture.LogitDivisor);
        }
        if (count > 1) team.Barrier(workers);
        (int from, int to) = WorkShare.Of(config.VocabularySize, 8, (long)width * count, worker, workers);
        if (from < to) Multiply(engine.Head, from, to - from, normed, count, buffers.Logits + from, buffers.LogitsStride);
    }

    // The norm of one token is faster done by everyone than waited for; of several each thread does some.
    private float* Norm(TokenOrder order, nint weight, nint bias, float* target, int worker, int workers)
    {
        float* normed = Normed(order.Count, target, worker);
        (int from, int to) = order.Count == 1 ? (0, 1) : WorkShare.Of(order.Count, 1, 2L * width, worker, workers);
        for (int s = from; s < to; s++) Norm(Residual(order.Token(s)), weight, bias, normed + (nint)s * buffers.NormedStride);
        if (order.Count > 1) team.Barrier(workers);
        return normed;
    }

    private void Norm(float* x, nint weight, nint bias, float* y)
    {
        if (config.Architecture.Norm == NormKind.Layer) kernels.LayerNorm(x, (float*)weight, (float*)bias, width, (float)config.NormEpsilon, y);
        else kernels.RmsNorm(x, (float*)weight, width, (float)config.NormEpsilon, y);
    }

    private static void Multiply(float* x, int count, double? factor)
    {
        if (factor is { } by)
            for (int i = 0; i < count; i++) x[i] *= (float)by;
    }

    // Where a thread finds normed values: its own of one token, everybody's of several.
    private float* Normed(int count, float* target, int worker) => count == 1 ? target + (nint)worker * buffers.NormedStride : target;

    // Those rows of one projection that fall into a thread's share of several projections laid end to end, for the slots that use them.
    private void Project(in WeightMatrix w, nint bias, in TokenRows rows, int from, int to, int begins, float* x, float* y, int stride)
    {
        int end = Math.Min(to - begins, rows.Most);
        for (int first = Math.Max(from - begins, 0); first < end;)
        {
            int slots = rows.Using(first), count = Math.Min(end, rows.Rows(slots - 1)) - first;
            Multiply(w, first, count, x, slots, y + first, stride);
            for (int s = 0; s < slots && bias != 0; s++) kernels.Add(y + (nint)s * stride + first, (float*)bias + first, count);
            first += count;
        }
    }

    private void Multiply(in WeightMatrix w, int first, int count, float* x, int vectors, float* y, int stride)
    {
        if (vectors == 1) kernels.Dot(w, first, count, x, width, y);
        else kernels.DotBlock(w, first, count, x, buffers.NormedStride, vectors, width, y, stride);
    }

    // residual += coefficients · w + bias, for transposed projections.
    private void AddProjection(in WeightMatrix w, nint bias, in TokenRows slots, float* coefficients, int stride, int worker, int workers)
    {
        int rows = slots.Most, chunks = DecodeBuffers.Chunks(rows);
        if (slots.Count > 1)
        {
            (int first, int end) = WorkShare.Of(width, 64, (long)rows * slots.Count, worker, workers);
            if (first < end) kernels.AccumulateBlock(w, slots, DecodeBuffers.ChunkRows, coefficients, stride, first, end - first, buffers.Residual, buffers.Width, buffers.Scratch(worker));
            for (int s = 0; s < slots.Count && bias != 0 && first < end; s++) kernels.Add(Residual(slots.Target(s)) + first, (float*)bias + first, end - first);
            team.Barrier(workers);
            return;
        }
        float* residual = Residual(slots.Target(0));
        (int from, int to) = WorkShare.Of(chunks, 1, (long)DecodeBuffers.ChunkRows * width, worker, workers);
        bool alone = to - from == chunks;
        for (int c = from; c < to; c++)
        {
            float* sum = buffers.Sums + (alone ? 0 : (nint)c * buffers.Width);
            int first = c * DecodeBuffers.ChunkRows;
            new Span<float>(sum, width).Clear();
            kernels.Accumulate(w, first, Math.Min(DecodeBuffers.ChunkRows, rows - first), coefficients + first, width, sum);
            if (alone) kernels.Add(residual, sum, width);
        }
        if (alone && bias != 0) kernels.Add(residual, (float*)bias, width);
        team.Barrier(workers);
        if (WorkShare.Active(chunks, (long)DecodeBuffers.ChunkRows * width, workers) == 1) return;
        (from, to) = WorkShare.Of(width, 16, 4L * chunks, worker, workers);
        for (int c = 0; c < chunks && from < to; c++) kernels.Add(residual + from, buffers.Sums + (nint)c * buffers.Width + from, to - from);
        if (bias != 0 && from < to) kernels.Add(residual + from, (float*)bias + from, to - from);
        team.Barrier(workers);
    }

    private bool Choose(int block, bool forAttention, int worker, int workers)
    {
        if (worker == 0)
        {
            try
            {
                for (int t = 0; t < tokens.Count; t++) widths.Choose(t, block, forAttention, new ReadOnlySpan<float>(Residual(t), width));
                widths.Chosen(block, forAttention, tokens.Count);
                for (int t = 0; t < tokens.Count && forAttention; t++)
                    if (widths.Weight(t) != 1) new ReadOnlySpan<float>(Residual(t), width).CopyTo(new Span<float>(Entered(t), width));
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

    // What the block has added to each token, times the token's weight; the residual stream that entered it is never weighed.
    private void Weigh(int worker, int workers)
    {
        for (int t = 0; t < tokens.Count && worker == 0; t++)
        {
            float weight = widths.Weight(t);
            if (weight == 1) continue;
            float* x = Residual(t), entered = Entered(t);
            for (int c = 0; c < width; c++) x[c] = entered[c] + weight * (x[c] - entered[c]);
        }
        team.Barrier(workers);
    }

    private void Finish()
    {
        try
        {
            for (int t = 0; t < tokens.Count; t++) widths.Router(t)?.Finish(new ReadOnlySpan<float>(Residual(t), width));
        }
#pragma warning disable CA1031 // As above.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }
    }

    private float* Entered(int token) => buffers.Entered + (nint)token * buffers.Width;

    private float* Residual(int token) => buffers.Residual + (nint)token * buffers.Width;

    private int StepThreads()
    {
        long rows = (tokens.Count - firstLogits) * (long)config.VocabularySize;
        for (int b = 0; b < config.BlockCount; b++)
        {
            (int groups, int neurons) = widths.Most(b);
            rows += tokens.Count * (2L * groups * (config.HeadsPerGroup + 1) * config.HeadSize + 3L * neurons);
        }
        return rows * width < WeightsPerTeam ? 1 : threads;
    }
}
