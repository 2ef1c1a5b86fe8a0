using System.Collections.Immutable;

namespace Flextron.Elastic;

/// <summary>Which widths an elastic space offers. The defaults give eight even steps of groups and neurons at full residual width and depth.</summary>
public sealed record ElasticSettings
{
    /// <summary>Most choices of key/value groups and of neurons, evenly spaced up to the whole.</summary>
    public int Steps { get; init; } = 8;

    /// <summary>Evenly spaced neuron counts are rounded up to a multiple of this, so that rows stay aligned for vector units.</summary>
    public int NeuronMultiple { get; init; } = 8;

    /// <summary>Choices of key/value groups in place of even steps; the whole number is always added.</summary>
    public ImmutableArray<int>? KvGroups { get; init; }

    /// <summary>Choices of neurons in place of even steps; the whole number is always added.</summary>
    public ImmutableArray<int>? Neurons { get; init; }

    /// <summary>Whether a block may skip its attention or its MLP: adds 0 to both choices.</summary>
    public bool SkipParts { get; init; }

    /// <summary>Channels that the residual stream may be cut to; the whole width is always added. Null: it is not cut.</summary>
    public ImmutableArray<int>? Widths { get; init; }

    /// <summary>Numbers of blocks that may be kept; all of them is always added. Null: none is left out.</summary>
    public ImmutableArray<int>? Depths { get; init; }

    /// <summary>How many parts a share of them is, rounded up to a multiple; never more than all.</summary>
    /// <param name="share">Above 0, 1 at most.</param>
    /// <param name="full">All of them.</param>
    /// <param name="multiple">Of what.</param>
    public static int CountOf(double share, int full, int multiple)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(share);
        ArgumentOutOfRangeException.ThrowIfLessThan(multiple, 1);
        // A share of exactly some number must not be rounded past it.
        int wanted = Math.Max(1, (int)Math.Ceiling(share * full - 1e-9));
        return Math.Min(full, (wanted + multiple - 1) / multiple * multiple);
    }
}
