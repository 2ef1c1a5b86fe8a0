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
    private readonly SliceCheck slices;
    private readonly DecodeCache cache;
    private readonly int[] one = new int[1];
    private int length;
    private bool disposed;

    internal DecodeSession(DecodeEngine engine, int capacity, int threads, WorkerTeam team, SubNetwork? widest = null)
    {
        this.engine = engine;
        Capacity = capacity;
        slices = new SliceCheck(engine, widest ?? engine.FullNetwork, sequences: 1);
        pass = new DecodePass(engine, slices.Widest, capacity, sequences: 1, threads, team);
        try
        {
            cache = new DecodeCache(engine.Config, slices.Widest, capacity, engine.Kernels);
        }
        catch
        {
            pass.Dispose();
            throw;
        }
    }

    /// <summary>Most tokens the session holds.</summary>
    public int Capacity { get; }

    /// <summary>Bytes of keys and values that the session has room for: 2 · Σ groups · capacity, rounded up to whole vectors, · H floats.</summary>
    public long CacheBytes => cache.Bytes;

    /// <summary>Bytes of the keys and values that it holds: of a token that skipped a block or a group, none there.</summary>
    public long HeldBytes => cache.HeldBytes;

    /// <summary>Tokens read so far; the position of the next.</summary>
    public int Length => length;

    /// <summary>Logits of the token read last, as <see cref="Step(int, SubNetwork?)"/> returned them.</summary>
    /// <exception cref="ObjectDisposedException">Their memory is no longer there.</exception>
    public ReadOnlySpan<float> Logits
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return pass.Logits();
        }
    }

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

    /// <summary>Reads many tokens, each at its own widths: one by one, or where nothing has been read before all but the last at once by an <see cref="IPromptRouter"/>.</summary>
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
        cache.TruncateTo(length);
        this.length = length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        pass.Dispose();
        cache.Dispose();
    }

    private ReadOnlySpan<float> Read(scoped ReadOnlySpan<int> tokens, SubNetwork? network, IStepRouter? router)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        engine.ThrowIfDisposed();
        return SequenceReading.Read(pass, engine, slices, cache, Capacity, ref length, tokens, network, router);
    }
}
