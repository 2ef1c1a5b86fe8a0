using Flextron.Inference.Kernels;
using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>
/// Keys and values of past tokens. Every key/value group of every block has a list of its own: a token adds an entry to the groups that its
/// sub-network keeps, and to no other. A head therefore attends to exactly those tokens that were computed with its group kept, itself included,
/// at their own positions; a group that a later token brings back has a gap, not zeros. There is room for the groups that a widest network keeps.
/// </summary>
internal sealed unsafe class DecodeCache : IPromptKeys, IDisposable
{
    private readonly int headSize, lanes, paddedCapacity;
    private readonly NativeBuffer keys, values, positions;
    private readonly int[] lengths, firstLists;

    public DecodeCache(ModelConfig config, SubNetwork widest, int capacity, IKernels kernels)
    {
        (headSize, lanes) = (config.HeadSize, kernels.Lanes);
        Capacity = capacity;
        paddedCapacity = (capacity + lanes - 1) / lanes * lanes;
        firstLists = new int[config.BlockCount];
        int lists = 0;
        for (int b = 0; b < firstLists.Length; b++)
        {
            firstLists[b] = lists;
            lists += widest.Blocks[b].KvGroups;
        }
        lengths = new int[lists];
        keys = new NativeBuffer((long)lists * paddedCapacity * headSize * sizeof(float), "the keys of past tokens");
        values = new NativeBuffer((long)lists * paddedCapacity * headSize * sizeof(float), "the values of past tokens");
        positions = new NativeBuffer((long)lists * paddedCapacity * sizeof(int), "the positions of past tokens");
    }

    /// <summary>Bytes of keys and values that there is room for.</summary>
    public long Bytes => keys.Bytes + values.Bytes;

    /// <summary>Bytes of the keys and values that are held.</summary>
    public long HeldBytes => 2L * lengths.Sum() * headSize * sizeof(float);

    /// <summary>Most tokens.</summary>
    public int Capacity { get; }

    /// <summary>Entries of a group.</summary>
    public int Length(int block, int group) => lengths[firstLists[block] + group];

    /// <summary>Entries of a group that belong to tokens before a position.</summary>
    public int LengthUpTo(int block, int group, int position)
    {
        int list = firstLists[block] + group, before = new ReadOnlySpan<int>(Positions(list), lengths[list]).BinarySearch(position);
        return before < 0 ? ~before : before;
    }

    /// <summary>Tiles of keys; tile i holds the entries from i · lanes on.</summary>
    public float* Keys(int block, int group) => Tiles(keys, block, group);

    /// <summary>Tiles of values.</summary>
    public float* Values(int block, int group) => Tiles(values, block, group);

    /// <summary>Adds one entry. A token adds at most one to a group, so that as many fit as tokens.</summary>
    /// <param name="block">Block.</param>
    /// <param name="group">Group.</param>
    /// <param name="position">The token's position.</param>
    /// <param name="key">Rotated, H floats.</param>
    /// <param name="value">H floats.</param>
    public void Append(int block, int group, int position, float* key, float* value)
    {
        int list = firstLists[block] + group, at = lengths[list]++, lane = at % lanes;
        nint tile = (nint)(at / lanes) * headSize * lanes;
        float* k = Keys(block, group) + tile, v = Values(block, group) + tile;
        // Sums run over whole tiles with weight 0 beyond the end: what lies there must be finite.
        if (lane == 0) new Span<float>(v, headSize * lanes).Clear();
        for (int h = 0; h < headSize; h++)
        {
            k[h * lanes + lane] = key[h];
            v[h * lanes + lane] = value[h];
        }
        Positions(list)[at] = position;
    }

    /// <inheritdoc/>
    void IPromptKeys.Append(int block, int group, int position, ReadOnlySpan<float> key_H, ReadOnlySpan<float> value_H)
    {
        int room = (block + 1 < firstLists.Length ? firstLists[block + 1] : lengths.Length) - firstLists[block];
        if (group >= room) throw new FlextronException($"The router keeps {group + 1} key/value groups of block {block}: choose 0 to {room}.");
        fixed (float* key = key_H, value = value_H) Append(block, group, position, key, value);
    }

    /// <summary>Forgets the entries of tokens at and beyond a position.</summary>
    public void TruncateTo(int position)
    {
        for (int list = 0; list < lengths.Length; list++)
        {
            var held = new ReadOnlySpan<int>(Positions(list), lengths[list]);
            int kept = held.BinarySearch(position);
            if (kept < 0) kept = ~kept;
            if (kept == lengths[list]) continue;
            lengths[list] = kept;
            float* v = Tiles(values, list) + (nint)(kept / lanes) * headSize * lanes;
            for (int lane = kept % lanes; lane > 0 && lane < lanes; lane++)
                for (int h = 0; h < headSize; h++) v[h * lanes + lane] = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        keys.Dispose();
        values.Dispose();
        positions.Dispose();
    }

    private float* Tiles(NativeBuffer buffer, int block, int group) => Tiles(buffer, firstLists[block] + group);

    private float* Tiles(NativeBuffer buffer, int list) => (float*)buffer.Start + (nint)list * paddedCapacity * headSize;

    private int* Positions(int list) => (int*)positions.Start + (nint)list * paddedCapacity;
}
