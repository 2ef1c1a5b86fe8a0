using System.Collections.Immutable;
using Flextron.Models;

namespace Flextron.Elastic;

/// <summary>The legal widths of every block: which numbers of key/value groups and neurons a sub-network may keep.</summary>
/// <param name="KvGroups">Ascending choices; the last is the full number.</param>
/// <param name="Neurons">Ascending choices; the last is the full number.</param>
/// <param name="BlockCount">Blocks that choose independently.</param>
public sealed record ElasticSpace(ImmutableArray<int> KvGroups, ImmutableArray<int> Neurons, int BlockCount)
{
    /// <summary>
    /// The default space of a model: at most eight evenly spaced choices per axis, from an eighth (or one group) to the whole. Neuron counts
    /// are rounded up to a multiple of 8 so that rows stay aligned for vector units.
    /// </summary>
    public static ElasticSpace For(ModelConfig config, int steps = 8)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (steps < 1) throw new FlextronException($"An elastic space of {steps} steps is not possible: give 1 or more.");
        return new ElasticSpace(Choices(config.KvGroupCount, steps, 1), Choices(config.NeuronCount, steps, 8), config.BlockCount);
    }

    /// <summary>Number of distinct sub-networks.</summary>
    public double Size => Math.Pow((double)KvGroups.Length * Neurons.Length, BlockCount);

    /// <summary>The smallest sub-network.</summary>
    public SubNetwork Smallest => Uniform(0);

    /// <summary>The whole network.</summary>
    public SubNetwork Largest => Uniform(1);

    /// <summary>Every block at the choice nearest to a share of the full width.</summary>
    /// <param name="share">0 … 1, for both axes.</param>
    public SubNetwork Uniform(double share) => Uniform(share, share);

    /// <summary>Every block at the choices nearest to two shares.</summary>
    public SubNetwork Uniform(double groupShare, double neuronShare)
    {
        var shape = new BlockShape(Nearest(KvGroups, groupShare), Nearest(Neurons, neuronShare));
        return new SubNetwork(Enumerable.Repeat(shape, BlockCount));
    }

    /// <summary>Independent random choices for every block and axis.</summary>
    public SubNetwork Random(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return new SubNetwork(Enumerable.Range(0, BlockCount).Select(_ =>
            new BlockShape(KvGroups[random.Next(KvGroups.Length)], Neurons[random.Next(Neurons.Length)])).ToArray());
    }

    /// <summary>Whether every width of a sub-network is one of the choices.</summary>
    public bool Contains(SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        return subNetwork.Blocks.Length == BlockCount && subNetwork.Blocks.All(b => KvGroups.Contains(b.KvGroups) && Neurons.Contains(b.Neurons));
    }

    /// <summary>Checks that the space fits a model.</summary>
    /// <exception cref="FlextronException">A width is beyond the model's, or the full width is not a choice.</exception>
    public ElasticSpace ValidatedFor(ModelConfig config, string source)
    {
        ArgumentNullException.ThrowIfNull(config);
        bool Fits(ImmutableArray<int> choices, int full) =>
            !choices.IsDefaultOrEmpty && choices[0] >= 1 && choices[^1] == full && choices.Zip(choices.Skip(1)).All(p => p.First < p.Second);
        if (BlockCount != config.BlockCount || !Fits(KvGroups, config.KvGroupCount) || !Fits(Neurons, config.NeuronCount))
            throw new FlextronException($"{source}: its elastic choices do not fit a model of {config.BlockCount} blocks, {config.KvGroupCount} key/value groups and {config.NeuronCount} neurons; run `flextron elastify` again.");
        return this;
    }

    /// <inheritdoc/>
    public bool Equals(ElasticSpace? other) =>
        other is not null && BlockCount == other.BlockCount && KvGroups.SequenceEqual(other.KvGroups) && Neurons.SequenceEqual(other.Neurons);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(BlockCount, KvGroups.Length, Neurons.Length, KvGroups[0], Neurons[0]);

    private static ImmutableArray<int> Choices(int full, int steps, int multiple) =>
        [.. Enumerable.Range(1, steps).Select(i => Math.Min(full, ((int)Math.Ceiling(full * (double)i / steps) + multiple - 1) / multiple * multiple)).Distinct()];

    private static int Nearest(ImmutableArray<int> choices, double share) => choices.MinBy(c => Math.Abs(c - share * choices[^1]));
}
