using System.Collections.Immutable;
using Flextron.CrossArchitecture;
using Flextron.Mixers;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>One way to come to a model of linear cost.</summary>
public sealed record TransferArm
{
    /// <summary>What takes attention's place.</summary>
    public MixerKind Mixer { get; init; } = MixerKind.GatedLinear;

    /// <summary>Blocks that keep their attention.</summary>
    public ImmutableArray<int> Keep { get; init; } = [];

    /// <summary>Whether query, key and value projections are taken over too.</summary>
    public bool CarryProjections { get; init; }

    /// <summary>Whether nothing is taken over.</summary>
    public bool FromScratch { get; init; }

    /// <summary>How long transferred weights stay frozen; null for not at all.</summary>
    public FreezeSettings? Freeze { get; init; }

    /// <summary>Peak learning rate in place of the experiment's.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Whether another is the same but for how long weights stay frozen.</summary>
    internal bool IsLike(TransferArm other) => Mixer == other.Mixer && Keep.SequenceEqual(other.Keep) && CarryProjections == other.CarryProjections
        && FromScratch == other.FromScratch && LearningRate == other.LearningRate;

    internal TransferSettings Transfer(long seed) =>
        new TransferSettings { Mixer = Mixer, Keep = Keep.IsDefault ? [] : Keep, CarryProjections = CarryProjections, FromScratch = FromScratch, Seed = seed }.Validated();
}
