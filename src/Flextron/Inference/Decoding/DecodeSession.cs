using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>
/// One sequence that a <see cref="DecodeEngine"/> continues token by token, each with any sub-network or with a router that decides while the
/// token passes. Nothing is allocated per token. For one thread at a time.
/// </summary>
/// <remarks>
/// The widths may change from token to token at no cost. What the cache then holds: a key/value group has entries for exactly those tokens
/// that kept it. After growing, heads of a group that was left out before attend to the tokens since then, their own included; tokens
/// before are invisible to those heads, as they are to blocks that skipped them, and nothing is computed afterwards for them. Call
/// <see cref="Reset"/> and prefill again where the wider network shall see everything.
/// </remarks>
public sealed class DecodeSession : IDisposable
{
    private readonly DecodeEngine engine;
    private readonly DecodePass pass;
    private readonly SubNetwork widest;
    private readonly int[] one = new int[1];
    private SubNetwork? validated, asGiven;
    private bool disposed;

    internal DecodeSession(DecodeEngine engine, int capacity, int threads, WorkerTeam team, SubNetwork? widest = null)
    {
        this.engine = engine;
        Capacity = capacity;
        this.widest = widest ?? engine.FullNetwork;
        pass = new DecodePass(engine, this.widest, capacity, threads, team);
    }

    /// <summary>Most tokens the session holds.</summary>
    public int Capacity { get; }

    /// <summary>Bytes of keys and values that the session has room for: 2 · Σ groups · capacity, rounded up to whole vectors, · H floats.</summary>
    public long CacheBytes => pass.Cache.Bytes;

    /// <summary>Bytes of the keys and values that it holds: of a token that skipped a block or a group, none there.</summary>
    public long HeldBytes => pass.Cache.HeldBytes;

    /// <summary>Tokens read so far; the position of the next.</summary>
    public int Length { get; private set; }

    /// <summary>Logits of the token read last, as <see cref="Step(int, SubNetwork?)"/> returned them.</summary>
    public ReadOnlySpan<float> Logits => pass.Logits;

    /// <summary>Is told where the time of every reading goes; null where nobody asks.</summary>
    internal PartClock? Clock
    {
        get => pass.Clock;
        set => pass.Clock = value;
    }

    /// <summary>Reads one token.</summary>
    /// <param name="token">Its id.</param>
    /// <param name="network">With which slice; the widest that the session has room for where null.</param>
    /// <returns>The next token's logits, valid until the next call.</returns>
    /// <exception cref="FlextronException">The session is full, the id is outside the vocabulary, or the slice does not fit the model.</exception>
    public ReadOnlySpan<float> Step(int token, SubNetwork? network = null)
    {
        one[0] = token;
        return Read(one, network, null);
    }

    /// <summary>Reads one token at widths that are decided on the way.</summary>
    /// <param name="token">Its id.</param>
    /// <param name="router">Decides.</param>
    /// <returns>The next token's logits, valid until the next call.</returns>
    /// <exception cref="FlextronException">The session is full, the id is outside the vocabulary, or the router chose an impossible width.</exception>
    public ReadOnlySpan<float> Step(int token, IStepRouter router)
    {
        ArgumentNullException.ThrowIfNull(router);
        one[0] = token;
        return Read(one, null, router);
    }

    /// <summary>Reads many tokens, in blocks that share each reading of the weights. Leaves the session as so many steps would, bit for bit.</summary>
    /// <param name="tokens">At least one id.</param>
    /// <param name="network">With which slice; the widest that the session has room for where null.</param>
    /// <returns>The logits after the last, valid until the next call.</returns>
    /// <exception cref="FlextronException">They do not fit, an id is outside the vocabulary, or the slice does not fit the model.</exception>
    public ReadOnlySpan<float> Prefill(scoped ReadOnlySpan<int> tokens, SubNetwork? network = null) => Read(tokens, network, null);

    /// <summary>Reads many tokens, each at its own widths.</summary>
    /// <param name="tokens">At least one id.</param>
    /// <param name="router">Decides for each.</param>
    /// <returns>The logits after the last, valid until the next call.</returns>
    /// <exception cref="FlextronException">They do not fit, an id is outside the vocabulary, or the router chose an impossible width.</exception>
    public ReadOnlySpan<float> Prefill(scoped ReadOnlySpan<int> tokens, IStepRouter router)
    {
        ArgumentNullException.ThrowIfNull(router);
        return Read(tokens, null, router);
    }

    /// <summary>Forgets everything; the memory is kept.</summary>
    public void Reset() => TruncateTo(0);

    /// <summary>Forgets the tokens from a position on; what was computed for earlier ones stays.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than were read, or fewer than none.</exception>
    public void TruncateTo(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        ObjectDisposedException.ThrowIf(disposed, this);
        pass.Cache.TruncateTo(length);
        Length = length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        pass.Dispose();
    }

    private ReadOnlySpan<float> Read(scoped ReadOnlySpan<int> tokens, SubNetwork? network, IStepRouter? router)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        engine.ThrowIfDisposed();
        if (tokens.IsEmpty) throw new FlextronException("There are no tokens to read: give at least one.");
        if (tokens.Length > Capacity - Length)
            throw new FlextronException($"{(long)Length + tokens.Length} tokens do not fit the session's {Capacity}: begin a longer one, or Reset it.");
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)engine.Config.VocabularySize)
                throw new FlextronException($"Token id {token} is outside the model's vocabulary of {engine.Config.VocabularySize}: use the tokenizer that belongs to the model.");
        }
        SubNetwork? slice = router is null ? Validated(network ?? widest) : null;
        int block = router is null ? pass.BlockTokens : 1, start = Length;
        try
        {
            for (int at = 0; at < tokens.Length; at += block)
            {
                int count = Math.Min(block, tokens.Length - at);
                pass.Forward(tokens.Slice(at, count), Length, slice, router, logits: at + count == tokens.Length);
                Length += count;
            }
        }
        catch
        {
            // A router failed: no part of what was given is kept.
            pass.Cache.TruncateTo(start);
            Length = start;
            throw;
        }
        return pass.Logits;
    }

    // Checked once for each object, not for each token.
    private SubNetwork Validated(SubNetwork network)
    {
        if (ReferenceEquals(network, asGiven)) return validated!;
        SubNetwork checkedOnce = network.ValidatedFor(engine.Config);
        for (int b = 0; b < checkedOnce.Blocks.Length; b++)
        {
            if (checkedOnce.Blocks[b].KvGroups > widest.Blocks[b].KvGroups)
                throw new FlextronException($"The sub-network keeps {checkedOnce.Blocks[b].KvGroups} key/value groups of block {b}, and the session's cache has room for {widest.Blocks[b].KvGroups}: begin a session for the wider network.");
        }
        (validated, asGiven) = (checkedOnce, network);
        return validated;
    }
}
