namespace Flextron.Inference.Kernels;

/// <summary>Heads of a token, or of several consecutive ones of a sequence, that look at consecutive entries of one key/value group.</summary>
/// <remarks>
/// Keys and values lie in tiles of <see cref="IKernels.Lanes"/> entries, within a tile by head element: scores of a whole tile, and the sums over
/// it, are then plain vector operations for every head size. Lanes beyond the entries must hold finite values.
/// </remarks>
internal unsafe struct AttentionChunk
{
    /// <summary>Tokens; each sees one entry more than the one before, up to <see cref="MostEntries"/>.</summary>
    public int Tokens;

    /// <summary>The first token's rotated queries [Heads, HeadSize], already divided by √HeadSize.</summary>
    public float* Queries;

    /// <summary>Floats from one token's queries to the next's.</summary>
    public nint QueryStride;

    /// <summary>Query heads that share the group.</summary>
    public int Heads;

    /// <summary>H.</summary>
    public int HeadSize;

    /// <summary>First tile of keys.</summary>
    public float* Keys;

    /// <summary>First tile of values.</summary>
    public float* Values;

    /// <summary>Entries that the first token looks at, at least one.</summary>
    public int Entries;

    /// <summary>Entries that any token looks at, at most.</summary>
    public int MostEntries;

    /// <summary>Entries at the beginning that are not to be looked at, fewer than a tile holds and fewer than there are.</summary>
    public int Skipped;

    /// <summary>Room for the last token's entries, rounded up to whole tiles, for every head of every token.</summary>
    public float* Scores;

    /// <summary>Room for 4 · HeadSize vectors.</summary>
    public float* Sums;

    /// <summary>Receives for every head of the first token its greatest score, Σ e^(score − greatest), and Σ e^(score − greatest) · value: HeadSize + 2 floats.</summary>
    public float* Result;

    /// <summary>Floats from one token's results to the next's.</summary>
    public nint ResultStride;

    /// <summary>Queries of all tokens.</summary>
    public readonly int Count => Tokens * Heads;

    /// <summary>Entries that a token looks at.</summary>
    public readonly int EntriesOf(int token) => Math.Min(Entries + token, MostEntries);

    /// <summary>One head's query.</summary>
    public readonly float* Query(int index) => Queries + index / Heads * QueryStride + index % Heads * HeadSize;

    /// <summary>One head's result.</summary>
    public readonly float* ResultOf(int index) => Result + index / Heads * ResultStride + (nint)(index % Heads) * (HeadSize + 2);
}
