using System.Numerics;

namespace Flextron.Tokenization;

/// <summary>The merges of a byte-pair encoding: (left id, right id) → (rank, merged id). Open addressing, because this lookup is the inner loop of encoding.</summary>
internal sealed class MergeTable
{
    private readonly ulong[] _keys;
    private readonly long[] _values;
    private readonly int _shift;

    /// <summary>No merge: larger than every packed value.</summary>
    public const long None = long.MaxValue;

    /// <param name="merges">Left, right, merged id and rank (lower merges first); of two entries for one pair the later counts.</param>
    public MergeTable(IReadOnlyCollection<(int Left, int Right, int Merged, int Rank)> merges)
    {
        int capacity = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, merges.Count * 2));
        _shift = 64 - BitOperations.Log2((uint)capacity);
        _keys = new ulong[capacity];
        _values = new long[capacity];
        Array.Fill(_keys, ulong.MaxValue);
        foreach ((int left, int right, int merged, int rank) in merges)
        {
            int slot = Slot(Key(left, right));
            _keys[slot] = Key(left, right);
            _values[slot] = ((long)rank << 32) | (uint)merged;
        }
    }

    /// <summary>Rank in the upper 32 bits and merged id in the lower, or <see cref="None"/>.</summary>
    public long Find(int left, int right)
    {
        int slot = Slot(Key(left, right));
        return _keys[slot] == ulong.MaxValue ? None : _values[slot];
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int Slot(ulong key)
    {
        int slot = (int)((key * 0x9E3779B97F4A7C15UL) >> _shift);
        while (_keys[slot] != key && _keys[slot] != ulong.MaxValue) slot = (slot + 1) & (_keys.Length - 1);
        return slot;
    }
}
