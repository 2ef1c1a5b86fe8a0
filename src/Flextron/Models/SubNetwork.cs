using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Flextron.Models;

/// <summary>
/// A sub-network as a value: how many key/value groups and neurons each block keeps (none: the part is skipped, which is how depth is
/// expressed), and how many channels of the residual stream. It owns no weights; it selects prefix slices of the shared ones
/// (FLEXTRON, ICML 2024, section 3.1; whole groups under grouped-query attention; width and depth are further axes of this project).
/// </summary>
public sealed class SubNetwork : IEquatable<SubNetwork>
{
    /// <summary>Creates a sub-network.</summary>
    /// <param name="blocks">One shape per block, first to last.</param>
    /// <param name="width">Kept channels of the residual stream; all where null.</param>
    public SubNetwork(IEnumerable<BlockShape> blocks, int? width = null) : this([.. blocks], width)
    {
    }

    /// <summary>Creates a sub-network.</summary>
    /// <param name="blocks">One shape per block, first to last.</param>
    /// <param name="width">Kept channels of the residual stream; all where null.</param>
    [JsonConstructor]
    public SubNetwork(ImmutableArray<BlockShape> blocks, int? width = null)
    {
        Blocks = blocks;
        Width = width;
        if (Blocks.IsDefaultOrEmpty) throw new ArgumentException("A sub-network needs at least one block.", nameof(blocks));
    }

    /// <summary>One shape per block.</summary>
    public ImmutableArray<BlockShape> Blocks { get; }

    /// <summary>Kept channels of the residual stream, 1 … C; null for all of them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Width { get; }

    /// <summary>Number of blocks of which anything is kept.</summary>
    [JsonIgnore]
    public int Depth => Blocks.Count(b => b.IsKept);

    /// <summary>The whole network.</summary>
    public static SubNetwork Full(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new SubNetwork(Enumerable.Repeat(new BlockShape(config.KvGroupCount, config.NeuronCount), config.BlockCount));
    }

    /// <summary>Checks that a model can run this sub-network.</summary>
    /// <returns>This sub-network, with the whole width written as null, so that equal ones are equal values.</returns>
    /// <exception cref="FlextronException">Wrong number of blocks, or a width outside 0 … full; the message names the block.</exception>
    public SubNetwork ValidatedFor(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (Blocks.Length != config.BlockCount)
            throw new FlextronException($"The sub-network has {Blocks.Length} blocks but the model has {config.BlockCount}: give one choice per block.");
        for (int i = 0; i < Blocks.Length; i++)
        {
            (int groups, int neurons) = (Blocks[i].KvGroups, Blocks[i].Neurons);
            if (groups < 0 || groups > config.KvGroupCount)
                throw new FlextronException($"Block {i} of the sub-network keeps {groups} key/value groups: choose 1 to {config.KvGroupCount}, or 0 to skip its attention.");
            if (neurons < 0 || neurons > config.NeuronCount)
                throw new FlextronException($"Block {i} of the sub-network keeps {neurons} neurons: choose 1 to {config.NeuronCount}, or 0 to skip its MLP.");
        }
        if (Width is { } width && (width < 1 || width > config.HiddenSize))
            throw new FlextronException($"The sub-network keeps {width} channels of the residual stream: choose 1 to {config.HiddenSize}.");
        return Width == config.HiddenSize ? new SubNetwork(Blocks) : this;
    }

    /// <inheritdoc/>
    public bool Equals(SubNetwork? other) => other is not null && Width == other.Width && Blocks.AsSpan().SequenceEqual(other.Blocks.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SubNetwork);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Width);
        foreach (BlockShape block in Blocks) hash.Add(block);
        return hash.ToHashCode();
    }

    /// <summary>A compact form such as <c>4x384 2x192</c>: groups × neurons per block; a narrower residual stream is added as <c>of 128</c>.</summary>
    public override string ToString()
    {
        string blocks = string.Join(' ', Blocks.Select(b => string.Create(CultureInfo.InvariantCulture, $"{b.KvGroups}x{b.Neurons}")));
        return Width is { } width ? string.Create(CultureInfo.InvariantCulture, $"{blocks} of {width}") : blocks;
    }
}
