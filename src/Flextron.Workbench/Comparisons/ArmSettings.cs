using System.Text.Json.Nodes;

namespace Flextron.Workbench.Comparisons;

/// <summary>One way of training among those compared, as what differs from the experiment's own training settings.</summary>
public sealed record ArmSettings
{
    /// <summary>Changed training settings, such as <c>{ "strategy": "random", "networksPerStep": 1 }</c>; all others are the experiment's.</summary>
    public JsonObject Training { get; init; } = [];

    /// <summary>How the parts are ordered before training.</summary>
    public PartOrder Order { get; init; }

    /// <summary>Trains for so many steps that the counted operations equal those of the baseline, instead of for equally many tokens. Warm-up keeps its share.</summary>
    public bool EqualCompute { get; init; }

    /// <summary>Share of steps, drawn at random, that train the whole network alone instead of what the strategy says.</summary>
    public double WholeShare { get; init; }

    /// <summary>Trains the uniform sub-network of this share alone, as a model of its own; null trains the family.</summary>
    public double? Only { get; init; }

    /// <summary>Starts from fresh random weights instead of the pretrained ones.</summary>
    public bool Fresh { get; init; }
}
