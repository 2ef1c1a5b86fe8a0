using System.Collections.Immutable;
using Flextron.Mixers;

namespace Flextron.CrossArchitecture;

/// <summary>How a pretrained model becomes one of linear cost.</summary>
public sealed record TransferSettings
{
    /// <summary>What takes attention's place.</summary>
    public MixerKind Mixer { get; init; } = MixerKind.GatedLinear;

    /// <summary>Blocks that keep their attention.</summary>
    public ImmutableArray<int> Keep { get; init; } = [];

    /// <summary>Whether query, key and value projections are taken over too, which have the same shapes here; the paper starts them fresh.</summary>
    public bool CarryProjections { get; init; }

    /// <summary>Whether nothing at all is taken over: the control that trains the same architecture from scratch.</summary>
    public bool FromScratch { get; init; }

    /// <summary>Standard deviation of fresh matrices, times the square root of their inputs.</summary>
    public double InitialScale { get; init; } = 0.7;

    /// <summary>Seed of the fresh weights.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks the numbers; which blocks may be kept depends on the model.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public TransferSettings Validated()
    {
        if (!Enum.IsDefined(Mixer) || Mixer == MixerKind.Attention) throw new FlextronException($"Transfer settings: mixer is {Mixer}, give retention, gatedLinear or stateSpace.");
        if (!double.IsFinite(InitialScale) || InitialScale <= 0) throw new FlextronException($"Transfer settings: initialScale is {InitialScale}, give a positive number.");
        if (FromScratch && CarryProjections) throw new FlextronException("Transfer settings: fromScratch takes nothing over and carryProjections more than usual; choose one.");
        return this with { Keep = Keep.IsDefault ? [] : [.. Keep.Distinct().Order()] };
    }
}
