using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Flextron.Models;

/// <summary>Which blocks of a model have some property, as a value.</summary>
public sealed class BlockPattern : IEquatable<BlockPattern>
{
    /// <summary>Creates a pattern.</summary>
    /// <param name="flags">One per block, first to last.</param>
    [JsonConstructor]
    public BlockPattern(ImmutableArray<bool> flags) => Flags = flags;

    /// <summary>One per block.</summary>
    public ImmutableArray<bool> Flags { get; }

    /// <summary>Whether a block has it.</summary>
    public bool this[int block] => Flags[block];

    /// <summary>The pattern; null where no block has the property.</summary>
    public static BlockPattern? OfAny(IEnumerable<bool> flags)
    {
        ImmutableArray<bool> array = [.. flags];
        return array.Contains(true) ? new BlockPattern(array) : null;
    }

    /// <summary>The pattern of some of the blocks, in their order; null where none of them has the property.</summary>
    public BlockPattern? Select(IEnumerable<int> blocks) => OfAny(blocks.Select(b => Flags[b]));

    /// <inheritdoc/>
    public bool Equals(BlockPattern? other) => other is not null && Flags.AsSpan().SequenceEqual(other.Flags.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as BlockPattern);

    /// <inheritdoc/>
    public override int GetHashCode() => Flags.AsSpan().ToArray().Aggregate(Flags.Length, HashCode.Combine);

    /// <summary>Indices of the blocks that have it, runs joined, such as <c>0-4, 6</c>.</summary>
    public override string ToString()
    {
        var words = new List<string>();
        for (int at = 0; at < Flags.Length; at++)
        {
            if (!Flags[at]) continue;
            int first = at;
            while (at + 1 < Flags.Length && Flags[at + 1]) at++;
            words.Add(first == at ? $"{first}" : $"{first}-{at}");
        }
        return string.Join(", ", words);
    }
}
