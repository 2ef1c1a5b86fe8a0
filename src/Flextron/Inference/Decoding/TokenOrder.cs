using Flextron.Inference.Kernels;

namespace Flextron.Inference.Decoding;

/// <summary>
/// The tokens of a pass in the order of what one part keeps for them, most first and otherwise as they came; those that skip the part are left out.
/// Slices begin with the same weights, so that each weight is then read once, for exactly those tokens that keep it.
/// </summary>
internal sealed unsafe class TokenOrder
{
    private readonly long[] keys;
    private readonly int[] tokens, kept;
    private readonly int* tokensAt, keptAt;

    /// <summary>Makes room.</summary>
    /// <param name="capacity">Most tokens.</param>
    public TokenOrder(int capacity)
    {
        keys = new long[capacity];
        (tokens, kept) = (GC.AllocateArray<int>(capacity, pinned: true), GC.AllocateArray<int>(capacity, pinned: true));
        fixed (int* at = tokens) tokensAt = at;
        fixed (int* at = kept) keptAt = at;
    }

    /// <summary>Tokens that keep anything: slots 0 … Count − 1.</summary>
    public int Count { get; private set; }

    /// <summary>What the first slot keeps.</summary>
    public int Most => Count == 0 ? 0 : kept[0];

    /// <summary>Which token has a slot.</summary>
    public int Token(int slot) => tokens[slot];

    /// <summary>What is kept for a slot's token: groups or neurons.</summary>
    public int Kept(int slot) => kept[slot];

    /// <summary>As the kernels want it.</summary>
    /// <param name="unit">Rows of a group or neuron.</param>
    public TokenRows Rows(int unit) => new(keptAt, tokensAt, Count, unit);

    /// <summary>All tokens keep the same.</summary>
    public void Set(int count, int each)
    {
        Count = each > 0 ? count : 0;
        for (int t = 0; t < Count; t++) (tokens[t], kept[t]) = (t, each);
    }

    /// <summary>Every token keeps its own.</summary>
    public void Set(ReadOnlySpan<int> each)
    {
        int count = 0;
        for (int t = 0; t < each.Length; t++)
            if (each[t] > 0) keys[count++] = (long)(int.MaxValue - each[t]) << 32 | (uint)t;
        keys.AsSpan(0, count).Sort();
        for (int slot = 0; slot < count; slot++)
        {
            tokens[slot] = (int)keys[slot];
            kept[slot] = each[tokens[slot]];
        }
        Count = count;
    }
}
