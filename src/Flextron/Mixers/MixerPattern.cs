using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Flextron.Mixers;

/// <summary>Which mixer every block has, as a value; full attention may be kept in some blocks (a hybrid).</summary>
public sealed class MixerPattern : IEquatable<MixerPattern>
{
    /// <summary>Creates a pattern.</summary>
    /// <param name="kinds">One per block, first to last.</param>
    [JsonConstructor]
    public MixerPattern(ImmutableArray<MixerKind> kinds) => Kinds = kinds;

    /// <summary>One kind per block.</summary>
    public ImmutableArray<MixerKind> Kinds { get; }

    /// <summary>The mixer of a block.</summary>
    public MixerKind this[int block] => Kinds[block];

    /// <summary>Every block the same but for those that keep attention.</summary>
    /// <param name="kind">The mixer.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="keep">Indices of blocks that keep attention.</param>
    /// <exception cref="FlextronException">A kept index is not a block's, or nothing is replaced.</exception>
    public static MixerPattern Of(MixerKind kind, int blocks, IEnumerable<int> keep)
    {
        ArgumentNullException.ThrowIfNull(keep);
        HashSet<int> kept = [.. keep];
        foreach (int block in kept)
            if (block < 0 || block >= blocks) throw new FlextronException($"Block {block} cannot keep its attention: the model's blocks are 0 to {blocks - 1}.");
        if (kind == MixerKind.Attention || kept.Count == blocks) throw new FlextronException("Every block would keep its attention, so there is nothing to transfer: keep fewer blocks.");
        return new MixerPattern([.. Enumerable.Range(0, blocks).Select(b => kept.Contains(b) ? MixerKind.Attention : kind)]);
    }

    /// <summary>The pattern of some of the blocks, in their order.</summary>
    public MixerPattern Select(IEnumerable<int> blocks) => new([.. blocks.Select(b => Kinds[b])]);

    /// <inheritdoc/>
    public bool Equals(MixerPattern? other) => other is not null && Kinds.AsSpan().SequenceEqual(other.Kinds.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MixerPattern);

    /// <inheritdoc/>
    public override int GetHashCode() => Kinds.Aggregate(Kinds.Length, HashCode.Combine);

    /// <summary>The kinds in words, equal neighbours joined, such as <c>attention, retention × 3</c>.</summary>
    public override string ToString()
    {
        var words = new List<string>();
        for (int at = 0; at < Kinds.Length;)
        {
            int end = at;
            while (end < Kinds.Length && Kinds[end] == Kinds[at]) end++;
            words.Add(NameOf(Kinds[at]) + (end - at > 1 ? $" × {end - at}" : ""));
            at = end;
        }
        return string.Join(", ", words);
    }

    /// <summary>A kind as people write it.</summary>
    public static string NameOf(MixerKind kind) => kind switch
    {
        MixerKind.Attention => "attention",
        MixerKind.Retention => "retention",
        MixerKind.GatedLinear => "gated linear attention",
        _ => "state space",
    };
}
