namespace Flextron.Inference.Decoding;

/// <summary>The tokens of a pass: the position of each, and the cache that it extends and looks back into. Either consecutive ones of one sequence, or one of each of several.</summary>
/// <param name="capacity">Most tokens.</param>
internal sealed class PassTokens(int capacity)
{
    private readonly DecodeCache[] caches = new DecodeCache[capacity];
    private readonly int[] positions = new int[capacity], later = new int[capacity];

    /// <summary>Tokens.</summary>
    public int Count { get; private set; }

    /// <summary>Whether they are consecutive ones of one sequence, each with the same widths.</summary>
    public bool OneSequence { get; private set; }

    /// <summary>The greatest position.</summary>
    public int LastPosition { get; private set; }

    /// <summary>Which cache.</summary>
    public DecodeCache Cache(int token) => caches[token];

    /// <summary>Where in its sequence.</summary>
    public int Position(int token) => positions[token];

    /// <summary>Entries of a group that a token may see once the pass has added its own: all of its cache but those of later tokens.</summary>
    public int Seen(int token, int block, int group) => caches[token].Length(block, group) - later[token];

    /// <summary>Consecutive tokens of one sequence.</summary>
    public void SetSequence(DecodeCache cache, int start, int count)
    {
        for (int t = 0; t < count; t++) (caches[t], positions[t], later[t]) = (cache, start + t, count - t - 1);
        (Count, LastPosition, OneSequence) = (count, start + count - 1, true);
    }

    /// <summary>No token; <see cref="Add"/> follows.</summary>
    public void Clear() => (Count, LastPosition, OneSequence) = (0, 0, false);

    /// <summary>One more token, of a sequence that has none yet.</summary>
    public void Add(DecodeCache cache, int position)
    {
        (caches[Count], positions[Count], later[Count]) = (cache, position, 0);
        LastPosition = Math.Max(LastPosition, position);
        Count++;
    }
}
