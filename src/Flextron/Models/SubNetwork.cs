using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Flextron.Models;

/// <summary>
/// A sub-network as a value: how many key/value groups and neurons each block keeps. It owns no weights; it selects prefix slices of the
/// shared ones (FLEXTRON, ICML 2024, section 3.1; whole groups under grouped-query attention).
/// </summary>
public sealed class SubNetwork : IEquatable<SubNetwork>
{
    /// <summary>Creates a sub-network.</summary>
    /// <param name="blocks">One shape per block, first to last.</param>
    public SubNetwork(IEnumerable<BlockShape> blocks) : this([.. blocks])
    {
    }

    /// <summary>Creates a sub-network.</summary>
    /// <param name="blocks">One shape per block, first to last.</param>
    [JsonConstructor]
    public SubNetwork(ImmutableArray<BlockShape> blocks)
    {
        Blocks = blocks;
        if (Blocks.IsDefaultOrEmpty) throw new ArgumentException("A sub-network needs at least one block.", nameof(blocks));
    }

    /// <summary>One shape per block.</summary>
    public ImmutableArray<BlockShape> Blocks { get; }

    /// <summary>The whole network.</summary>
    public static SubNetwork Full(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new SubNetwork(Enumerable.Repeat(new BlockShape(config.KvGroupCount, config.NeuronCount), config.BlockCount));
    }

    /// <summary>Checks that a model can run this sub-network.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">Wrong number of blocks, or a width outside 1 … full; the message names the block.</exception>
    public SubNetwork ValidatedFor(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (Blocks.Length != config.BlockCount)
            throw new FlextronException($"The sub-network has {Blocks.Length} blocks but the model has {config.BlockCount}: give one choice per block.");
        for (int i = 0; i < Blocks.Length; i++)
        {
            (int groups, int neurons) = (Blocks[i].KvGroups, Blocks[i].Neurons);
            if (groups < 1 || groups > config.KvGroupCount)
                throw new FlextronException($"Block {i} of the sub-network keeps {groups} key/value groups: choose 1 to {config.KvGroupCount}.");
            if (neurons < 1 || neurons > config.NeuronCount)
                throw new FlextronException($"Block {i} of the sub-network keeps {neurons} neurons: choose 1 to {config.NeuronCount}.");
        }
        return this;
    }

    /// <inheritdoc/>
    public bool Equals(SubNetwork? other) => other is not null && Blocks.AsSpan().SequenceEqual(other.Blocks.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SubNetwork);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (BlockShape block in Blocks) hash.Add(block);
        return hash.ToHashCode();
    }

    /// <summary>A compact form such as <c>4x384 2x192</c>: groups × neurons per block.</summary>
    public override string ToString() =>
        string.Join(' ', Blocks.Select(b => string.Create(CultureInfo.InvariantCulture, $"{b.KvGroups}x{b.Neurons}")));
}
