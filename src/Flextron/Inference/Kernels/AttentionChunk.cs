namespace Flextron.Inference.Kernels;

/// <summary>Heads of one token that look at consecutive entries of one key/value group.</summary>
/// <remarks>
/// Keys and values lie in tiles of <see cref="IKernels.Lanes"/> entries, within a tile by head element: scores of a whole tile, and the sums over
/// it, are then plain vector operations for every head size. Lanes beyond the entries must hold finite values.
/// </remarks>
internal unsafe struct AttentionChunk
{
    /// <summary>Rotated queries [Heads, HeadSize], already divided by √HeadSize.</summary>
    public float* Queries;

    /// <summary>Query heads that share the group.</summary>
    public int Heads;

    /// <summary>H.</summary>
    public int HeadSize;

    /// <summary>First tile of keys.</summary>
    public float* Keys;

    /// <summary>First tile of values.</summary>
    public float* Values;

    /// <summary>Entries to look at, at least one.</summary>
    public int Entries;

    /// <summary>Entries at the beginning that are not to be looked at, fewer than a tile holds and fewer than there are.</summary>
    public int Skipped;

    /// <summary>Room for Entries, rounded up to whole tiles, for every head.</summary>
    public float* Scores;

    /// <summary>Room for HeadSize vectors.</summary>
    public float* Sums;

    /// <summary>Receives for every head its greatest score, Σ e^(score − greatest), and Σ e^(score − greatest) · value: HeadSize + 2 floats.</summary>
    public float* Result;
}
