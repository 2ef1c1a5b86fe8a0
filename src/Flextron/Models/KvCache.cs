using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>Keys and values of past tokens, one pair of buffers per block, as wide as the sub-network's kept groups.</summary>
public sealed class KvCache : IDisposable
{
    private readonly Tensor[] keys_BGTH, values_BGTH;

    /// <summary>Allocates the buffers.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="subNetwork">Whose groups are kept.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="capacity">Longest total length in tokens.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="device">Where.</param>
    public KvCache(ModelConfig config, SubNetwork subNetwork, int batch, int capacity, ScalarType dtype, Device device)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(subNetwork);
        Capacity = capacity;
        Tensor Buffer(BlockShape s) => zeros([batch, s.KvGroups, capacity, config.HeadSize], dtype, device).DetachFromDisposeScope();
        keys_BGTH = subNetwork.Blocks.Select(Buffer).ToArray();
        values_BGTH = subNetwork.Blocks.Select(Buffer).ToArray();
    }

    /// <summary>Tokens held so far.</summary>
    public long Length { get; private set; }

    /// <summary>Tokens that fit.</summary>
    public long Capacity { get; }

    /// <summary>Writes a block's new keys and values behind the held ones and returns everything up to and including them.</summary>
    internal (Tensor Keys_BGTH, Tensor Values_BGTH) Append(int block, Tensor key_BGTH, Tensor value_BGTH)
    {
        long added = key_BGTH.size(2), total = Length + added;
        if (total > Capacity) throw new FlextronException($"The KV cache holds {Capacity} tokens and {total} are asked for: allocate a longer one.");
        using (Tensor slot = keys_BGTH[block].narrow(2, Length, added)) slot.copy_(key_BGTH);
        using (Tensor slot = values_BGTH[block].narrow(2, Length, added)) slot.copy_(value_BGTH);
        return (keys_BGTH[block].narrow(2, 0, total), values_BGTH[block].narrow(2, 0, total));
    }

    /// <summary>A block's keys and values of all held tokens, as views.</summary>
    internal (Tensor Keys_BGTH, Tensor Values_BGTH) Held(int block) => (keys_BGTH[block].narrow(2, 0, Length), values_BGTH[block].narrow(2, 0, Length));

    /// <summary>Counts tokens that every block has appended.</summary>
    internal void Advance(long tokens) => Length += tokens;

    /// <summary>Forgets tokens beyond <paramref name="length"/>; what was computed for earlier ones stays.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than is held.</exception>
    public void TruncateTo(long length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in keys_BGTH.Concat(values_BGTH)) tensor.Dispose();
    }
}
