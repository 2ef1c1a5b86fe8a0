using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>
/// Several sequences that a <see cref="DecodeEngine"/> continues at once, so that each reading of the weights serves them all. Every sequence has its own length,
/// cache, and for each token its own sub-network or router; sequences may end, and others begin in their place, at any time. The logits are those of a
/// <see cref="DecodeSession"/> of its own, to the last bit. Nothing is allocated per token. For one thread at a time.
/// </summary>
/// <remarks>
/// Tokens of unequal widths share what both keep: slices begin with the same weights, so a weight is read once, for exactly those tokens that keep it.
/// </remarks>
public sealed class DecodeBatch : IDisposable
{
    private readonly DecodeEngine engine;
    private readonly DecodePass pass;
    private readonly SliceCheck slices;
    private readonly DecodeCache[] caches, passing;
    private readonly int[] lengths, ids, positions;
    private readonly bool[] taken;
    private readonly SubNetwork?[] networks;
    private readonly IStepRouter?[] routers;
    private bool disposed;

    internal DecodeBatch(DecodeEngine engine, int sequences, int capacity, int threads, WorkerTeam team, SubNetwork? widest = null)
    {
        this.engine = engine;
        (Count, Capacity) = (sequences, capacity);
        slices = new SliceCheck(engine, widest ?? engine.FullNetwork, sequences);
        pass = new DecodePass(engine, slices.Widest, capacity, sequences, threads, team);
        (lengths, ids, positions, taken) = (new int[sequences], new int[sequences], new int[sequences], new bool[sequences]);
        (networks, routers, passing) = (new SubNetwork?[sequences], new IStepRouter?[sequences], new DecodeCache[sequences]);
        caches = new DecodeCache[sequences];
        try
        {
            for (int s = 0; s < sequences; s++) caches[s] = new DecodeCache(engine.Config, slices.Widest, capacity, engine.Kernels);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Sequences.</summary>
    public int Count { get; }

    /// <summary>Most tokens of each.</summary>
    public int Capacity { get; }

    /// <summary>Bytes of keys and values that all sequences together have room for.</summary>
    public long CacheBytes => caches.Sum(c => c.Bytes);

    internal PartClock? Clock
    {
        get => pass.Clock;
        set => pass.Clock = value;
    }

    /// <summary>Tokens that a sequence has read; the position of its next.</summary>
    /// <exception cref="FlextronException">There is no such sequence.</exception>
    public int Length(int sequence)
    {
        RequireSequence(sequence);
        return lengths[sequence];
    }

    /// <summary>Logits behind a token of the last call: the i-th that <see cref="Step"/> was given, or the only one of <see cref="Prefill(int, ReadOnlySpan{int}, SubNetwork?)"/>. Valid until the next call.</summary>
    /// <exception cref="ObjectDisposedException">Their memory is no longer there.</exception>
    public ReadOnlySpan<float> Logits(int token)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, Count);
        return pass.Logits(token);
    }

    /// <summary>Reads one token of each of some sequences.</summary>
    /// <param name="tokens">At least one; of each sequence at most one; all of the same residual width.</param>
    /// <exception cref="FlextronException">
    /// A sequence is full, is not there or is named twice, an id is outside the vocabulary, a slice does not fit the model or the others' residual width, or a router chose an
    /// impossible width. No sequence has then changed.
    /// </exception>
    public void Step(ReadOnlySpan<BatchToken> tokens)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        engine.ThrowIfDisposed();
        if (tokens.IsEmpty) throw new FlextronException("There are no tokens to read: give at least one.");
        Array.Clear(taken);
        for (int t = 0; t < tokens.Length; t++) Take(t, tokens[t]);
        int count = tokens.Length;
        try
        {
            pass.Forward(ids.AsSpan(0, count), passing.AsSpan(0, count), positions.AsSpan(0, count), networks.AsSpan(0, count), routers.AsSpan(0, count));
        }
        catch
        {
            // A router failed: no sequence keeps anything of this step.
            for (int t = 0; t < count; t++) passing[t].TruncateTo(positions[t]);
            throw;
        }
        foreach (BatchToken token in tokens) lengths[token.Sequence]++;
    }

    /// <summary>Reads many tokens of one sequence, in blocks that share each reading of the weights.</summary>
    /// <param name="sequence">Which.</param>
    /// <param name="tokens">At least one id.</param>
    /// <param name="network">With which slice; the widest that the batch has room for where null.</param>
    /// <returns>The logits after the last, valid until the next call.</returns>
    /// <exception cref="FlextronException">They do not fit, an id is outside the vocabulary, or the slice does not fit the model.</exception>
    public ReadOnlySpan<float> Prefill(int sequence, scoped ReadOnlySpan<int> tokens, SubNetwork? network = null) => Read(sequence, tokens, network, null);

    /// <summary>Reads many tokens of one sequence, each at its own widths: as <see cref="DecodeSession.Prefill(ReadOnlySpan{int}, IStepRouter)"/>.</summary>
    /// <param name="sequence">Which.</param>
    /// <param name="tokens">At least one id.</param>
    /// <param name="router">Decides for each.</param>
    /// <returns>The logits after the last, valid until the next call.</returns>
    /// <exception cref="FlextronException">They do not fit, an id is outside the vocabulary, or the router chose an impossible width.</exception>
    public ReadOnlySpan<float> Prefill(int sequence, scoped ReadOnlySpan<int> tokens, IStepRouter router)
    {
        ArgumentNullException.ThrowIfNull(router);
        return Read(sequence, tokens, null, router);
    }

    /// <summary>Forgets a sequence's tokens from a position on; the memory is kept.</summary>
    /// <exception cref="FlextronException">There is no such sequence.</exception>
    /// <exception cref="ArgumentOutOfRangeException">More than were read, or fewer than none.</exception>
    public void TruncateTo(int sequence, int length)
    {
        RequireSequence(sequence);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, lengths[sequence]);
        ObjectDisposedException.ThrowIf(disposed, this);
        caches[sequence].TruncateTo(length);
        lengths[sequence] = length;
    }

    /// <summary>Forgets everything that a sequence has read, so that another may begin in its place.</summary>
    public void Reset(int sequence) => TruncateTo(sequence, 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        pass.Dispose();
        foreach (DecodeCache? cache in caches) cache?.Dispose();
    }

    private ReadOnlySpan<float> Read(int sequence, scoped ReadOnlySpan<int> tokens, SubNetwork? network, IStepRouter? router)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        engine.ThrowIfDisposed();
        RequireSequence(sequence);
        return SequenceReading.Read(pass, engine, slices, caches[sequence], Capacity, ref lengths[sequence], tokens, network, router);
    }

    private void Take(int at, in BatchToken token)
    {
        RequireSequence(token.Sequence);
        if (taken[token.Sequence]) throw new FlextronException($"Sequence {token.Sequence} has two tokens in one step: give each sequence one, or read several by Prefill.");
        taken[token.Sequence] = true;
        engine.RequireId(token.Token);
        int length = lengths[token.Sequence];
        if (length == Capacity) throw new FlextronException($"Sequence {token.Sequence} holds {Capacity} tokens, which is all that the batch has room for: end it, or begin a batch of a greater capacity.");
        (ids[at], positions[at], passing[at], routers[at]) = (token.Token, length, caches[token.Sequence], token.Router);
        networks[at] = token.Router is null ? slices.Of(token.Network) : null;
        int Width(SubNetwork? network) => network?.Width ?? engine.Config.HiddenSize;
        if (Width(networks[at]) != Width(networks[0]))
            throw new FlextronException($"Tokens of one step share the residual stream, and here are ones of {Width(networks[0])} and of {Width(networks[at])} channels: step them apart.");
    }

    private void RequireSequence(int sequence)
    {
        if ((uint)sequence >= (uint)Count) throw new FlextronException($"There is no sequence {sequence}: the batch has {Count}, counted from 0.");
    }
}
