using Flextron.Mixers;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>
/// What a model remembers of past tokens: keys and values of those blocks that attend, one pair of buffers per block, as wide as the sub-network's kept
/// groups, and a state of constant size of those with a linear mixer.
/// </summary>
public sealed class KvCache : IDisposable
{
    private readonly Tensor[] keys_BGTH, values_BGTH;
    private readonly MixerState?[] states;

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
        bool Attends(int block) => config.Mixer(block) == MixerKind.Attention;
        Tensor Buffer(BlockShape s, int block) => zeros([batch, s.KvGroups, Attends(block) ? capacity : 0, config.HeadSize], dtype, device).DetachFromDisposeScope();
        keys_BGTH = subNetwork.Blocks.Select(Buffer).ToArray();
        values_BGTH = subNetwork.Blocks.Select(Buffer).ToArray();
        states = [.. Enumerable.Range(0, config.BlockCount).Select(b => Attends(b) ? null : new MixerState())];
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

    /// <summary>Bytes of all buffers and states; where no block attends, they do not depend on <see cref="Capacity"/>.</summary>
    public long Bytes => keys_BGTH.Concat(values_BGTH).Sum(t => t.numel() * t.element_size()) + states.Sum(s => s?.Bytes ?? 0);

    /// <summary>The state of a block with a linear mixer.</summary>
    internal MixerState State(int block) => states[block] ?? throw new InvalidOperationException($"Block {block} attends and has no state.");

    /// <summary>What one sequence has read, as the beginning of several.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="subNetwork">As this cache was made for.</param>
    /// <param name="rows">Sequences.</param>
    /// <param name="capacity">Longest total length in tokens.</param>
    internal KvCache Spread(ModelConfig config, SubNetwork subNetwork, int rows, int capacity)
    {
        var result = new KvCache(config, subNetwork, rows, capacity, keys_BGTH[0].dtype, keys_BGTH[0].device) { Length = Length };
        using var scope = NewDisposeScope();
        for (int i = 0; i < states.Length; i++)
        {
            if (states[i] is { } state)
            {
                result.states[i]!.Dispose();
                result.states[i] = state.Copy(rows);
                continue;
            }
            (Tensor held_BGPH, Tensor values_BGPH) = Held(i);
            result.keys_BGTH[i].narrow(2, 0, Length).copy_(held_BGPH);
            result.values_BGTH[i].narrow(2, 0, Length).copy_(values_BGPH);
        }
        return result;
    }

    /// <summary>Counts tokens that every block has appended.</summary>
    internal void Advance(long tokens) => Length += tokens;

    /// <summary>Forgets tokens beyond <paramref name="length"/>; what was computed for earlier ones stays.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than is held.</exception>
    /// <exception cref="FlextronException">A block has a linear mixer, whose state cannot be taken back by some tokens, only by all.</exception>
    public void TruncateTo(long length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length != Length && states.Any(s => s is not null))
        {
            if (length > 0) throw new FlextronException($"A linear mixer's state cannot go back from {Length} tokens to {length}: read the text again.");
            foreach (MixerState? state in states) state?.Clear();
        }
        Length = length;
    }

    /// <summary>For timing alone: the length counts as another, whatever is held.</summary>
    internal void Pretend(long length) => Length = length;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in keys_BGTH.Concat(values_BGTH)) tensor.Dispose();
        foreach (MixerState? state in states) state?.Dispose();
    }
}
