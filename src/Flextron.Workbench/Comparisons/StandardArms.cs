using System.Text.Json.Nodes;

namespace Flextron.Workbench.Comparisons;

/// <summary>The arms and questions of an experiment that names none: sampling strategies, widths per block, losses, orders, and networks trained alone.</summary>
internal static class StandardArms
{
    private const string Sandwich = "sandwich";

    public static IReadOnlyDictionary<string, ArmSettings> Arms { get; } = new Dictionary<string, ArmSettings>
    {
        [Sandwich] = new() { Training = new() { ["strategy"] = "sandwich", ["networksPerStep"] = 4 } },
        ["random"] = new() { Training = Sampling("random", 4) },
        ["full-biased"] = new() { Training = Sampling("fullBiased", 4) },
        ["one"] = new() { Training = Sampling("random", 1) },
        // Four networks a step cost about the same whichever they are, so only one a step is matched by compute as well.
        ["one-compute"] = new() { Training = Sampling("random", 1), EqualCompute = true },
        ["one-whole-quarter"] = new() { Training = Sampling("random", 1), WholeShare = 0.25, EqualCompute = true },
        ["per-block"] = new() { Training = new() { ["uniformShare"] = 0.0 } },
        ["uniform"] = new() { Training = new() { ["uniformShare"] = 1.0 } },
        ["cross-entropy"] = new() { Training = new() { ["distillationWeight"] = 0.0 } },
        ["distillation"] = new() { Training = new() { ["distillationWeight"] = 1.0 } },
        ["random-order"] = new() { Order = PartOrder.Random },
        ["whole"] = new() { Training = new() { ["strategy"] = "full", ["networksPerStep"] = 1, ["distillationWeight"] = 0.0 } },
        ["half-alone"] = new() { Only = 0.5 },
        ["half-fresh"] = new() { Only = 0.5, Fresh = true, Training = new() { ["distillationWeight"] = 0.0, ["learningRate"] = 2e-3 } },
    };

    public static IReadOnlyList<ArmComparison> Comparisons { get; } =
    [
        new("tokens", "Sampling strategies at equal tokens", [Sandwich, "random", "full-biased", "one"]),
        new("compute", "Sampling strategies at equal compute", [Sandwich, "one-compute", "one-whole-quarter"]),
        new("widths", "Random widths: per block, uniform, or half of each", [Sandwich, "per-block", "uniform"]),
        new("losses", "Cross-entropy against distillation", [Sandwich, "cross-entropy", "distillation"]),
        new("orders", "Importance-ordered against random-ordered prefixes", [Sandwich, "random-order"]),
        new("whole", "The family against the whole network trained alone", [Sandwich, "whole"]),
        new("alone", "A sub-network against the same network trained alone", [Sandwich, "half-alone", "half-fresh"]),
    ];

    public const string Baseline = Sandwich;

    private static JsonObject Sampling(string strategy, int networks) => new() { ["strategy"] = strategy, ["networksPerStep"] = networks };
}
