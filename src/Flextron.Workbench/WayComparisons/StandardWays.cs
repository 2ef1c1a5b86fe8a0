using Flextron.Dropping;
using Flextron.Mixers;

namespace Flextron.Workbench.WayComparisons;

/// <summary>The arms of an experiment that names none.</summary>
internal static class StandardWays
{
    // Weights that start fresh need larger steps than those that are pretrained; none of the rates was tuned.
    private const double FreshRate = 3e-3, PartlyFreshRate = 2e-3;

    public static IReadOnlyDictionary<string, WayArm> Arms { get; } = new Dictionary<string, WayArm>
    {
        ["base"] = new() { Way = Way.Continued },
        ["flextron"] = new() { Way = Way.Flextron },
        ["mod-50"] = new() { Way = Way.MixtureOfDepths, Capacity = 0.5 },
        ["mod-25"] = new() { Way = Way.MixtureOfDepths, Capacity = 0.25 },
        ["mod-12"] = new() { Way = Way.MixtureOfDepths, Capacity = 0.125 },
        ["retention"] = new() { Way = Way.Transfer, Mixer = MixerKind.Retention, LearningRate = PartlyFreshRate },
        ["gla"] = new() { Way = Way.Transfer, Mixer = MixerKind.GatedLinear, LearningRate = PartlyFreshRate },
        ["drop-attention"] = new() { Way = Way.Drop, Target = DropTarget.Attention, Count = 1 },
        ["drop-mlp"] = new() { Way = Way.Drop, Target = DropTarget.Mlp, Count = 1 },
        ["drop-block"] = new() { Way = Way.Drop, Target = DropTarget.Block, Count = 1 },
        ["cut-75"] = new() { Way = Way.Alone, Share = 0.75 },
        ["cut-50"] = new() { Way = Way.Alone, Share = 0.5 },
        ["cut-25"] = new() { Way = Way.Alone, Share = 0.25 },
        ["scratch-75"] = new() { Way = Way.Alone, Share = 0.75, Fresh = true, LearningRate = FreshRate },
        ["scratch-50"] = new() { Way = Way.Alone, Share = 0.5, Fresh = true, LearningRate = FreshRate },
        ["scratch-25"] = new() { Way = Way.Alone, Share = 0.25, Fresh = true, LearningRate = FreshRate },
    };
}
