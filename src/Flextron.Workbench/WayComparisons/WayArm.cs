using System.Collections.Immutable;
using Flextron.CrossArchitecture;
using Flextron.Dropping;
using Flextron.Mixers;
using Flextron.MixtureOfDepths;
using Flextron.Models;

namespace Flextron.Workbench.WayComparisons;

/// <summary>One network, or one family of networks, that is made of the base and trained. Settings of another way than its own are refused.</summary>
public sealed record WayArm
{
    /// <summary>Which way.</summary>
    public Way Way { get; init; }

    /// <summary>Peak learning rate in place of the experiment's.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Of a model alone: the kept share of groups and neurons of every block.</summary>
    public double? Share { get; init; }

    /// <summary>Of a model alone: whether it starts from random weights instead of the base's most important ones.</summary>
    public bool Fresh { get; init; }

    /// <summary>Of Mixture-of-Depths: the share of tokens that pass a routed block.</summary>
    public double? Capacity { get; init; }

    /// <summary>Of Mixture-of-Depths: every how many blocks one routes; 2 where left out.</summary>
    public int? Every { get; init; }

    /// <summary>Of a transfer: what takes attention's place.</summary>
    public MixerKind? Mixer { get; init; }

    /// <summary>Of a transfer: blocks that keep their attention.</summary>
    public ImmutableArray<int> Keep { get; init; } = [];

    /// <summary>Of a transfer: whether query, key and value projections are taken over too.</summary>
    public bool CarryProjections { get; init; }

    /// <summary>Of dropping: what.</summary>
    public DropTarget? Target { get; init; }

    /// <summary>Of dropping: how many.</summary>
    public int? Count { get; init; }

    /// <summary>The arms that share a line in figures, and the tokens where all networks of a way have as many together as the family.</summary>
    internal string Series => Way switch
    {
        Way.Continued => "the base itself",
        Way.Flextron => "Flextron",
        Way.MixtureOfDepths => "Mixture-of-Depths",
        Way.Transfer => "XATL",
        Way.Drop => "LLM-Drop, healed",
        _ => Fresh ? "small models from scratch" : "small models cut from the base",
    };

    /// <summary>A converted model starts as the dense one that it was, but for the tokens left out.</summary>
    internal MixtureSettings Mixture => new() { Capacity = Capacity ?? 0.125, Every = Every ?? 2, Gate = RouterGate.OnePlus };

    internal TransferSettings Transfer(long seed) =>
        new TransferSettings { Mixer = Mixer ?? MixerKind.GatedLinear, Keep = Keep.IsDefault ? [] : Keep, CarryProjections = CarryProjections, Seed = seed }.Validated();

    /// <summary>Refuses what its way needs and lacks, and what belongs to another.</summary>
    /// <exception cref="FlextronException">The message names the setting.</exception>
    internal void Validate(string name)
    {
        void Of(Way way, bool given, bool needed, string setting)
        {
            if (given && Way != way) throw new FlextronException($"Experiment settings: arms.{name}.{setting} belongs to the way \"{Camel(way)}\" and this is \"{Camel(Way)}\": leave it out.");
            if (needed && !given && Way == way) throw new FlextronException($"Experiment settings: arms.{name} is \"{Camel(way)}\" and says no {setting}: give it one.");
        }

        if (!Enum.IsDefined(Way)) throw new FlextronException($"Experiment settings: arms.{name}.way is {Way}, which there is not.");
        Of(Way.Alone, Share is not null, needed: true, "share");
        Of(Way.Alone, Fresh, needed: false, "fresh");
        Of(Way.MixtureOfDepths, Capacity is not null, needed: true, "capacity");
        Of(Way.MixtureOfDepths, Every is not null, needed: false, "every");
        Of(Way.Transfer, Mixer is not null, needed: true, "mixer");
        Of(Way.Transfer, !Keep.IsDefaultOrEmpty, needed: false, "keep");
        Of(Way.Transfer, CarryProjections, needed: false, "carryProjections");
        Of(Way.Drop, Target is not null, needed: true, "target");
        Of(Way.Drop, Count is not null, needed: true, "count");
        if (Share is not null and not (> 0 and <= 1)) throw new FlextronException(FormattableString.Invariant($"Experiment settings: arms.{name}.share is {Share}, give more than 0 and at most 1."));
        if (Way == Way.MixtureOfDepths) Mixture.Validated();
        if (Way == Way.Transfer) Transfer(seed: 0);
    }

    /// <summary>Refuses what a model's blocks do not allow, before anything is trained.</summary>
    /// <exception cref="FlextronException">The message names the arm.</exception>
    internal void RequireFor(string name, ModelConfig config)
    {
        try
        {
            if (Way == Way.MixtureOfDepths) Mixture.Validated(config.BlockCount);
            if (Way == Way.Transfer) MixerPattern.Of(Mixer!.Value, config.BlockCount, Transfer(seed: 0).Keep);
            if (Way == Way.Drop) DropPlan.RequireCount(config, Target!.Value, Count!.Value);
        }
        catch (FlextronException e)
        {
            throw new FlextronException($"Experiment settings: arms.{name}: {e.Message}", e);
        }
    }

    private static string Camel(Way way) => char.ToLowerInvariant(way.ToString()[0]) + way.ToString()[1..];
}
