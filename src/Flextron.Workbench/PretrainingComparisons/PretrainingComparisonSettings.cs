using Flextron.Models;
using Flextron.Pretraining;

namespace Flextron.Workbench.PretrainingComparisons;

/// <summary>Settings of a comparison of ways to pretrain a model from fresh weights on the tiny world's text, at equal compute.</summary>
public sealed record PretrainingComparisonSettings
{
    /// <summary>The kind of experiment.</summary>
    public string Kind { get; init; } = PretrainingComparison.KindName;

    /// <summary>What the experiment asks, in a sentence.</summary>
    public string Question { get; init; } = "At equal training compute, do a multi-level V-cycle or skip-layer attention beat plain pretraining?";

    /// <summary>
    /// Shape, text, batch and rate of the plain arm; its tokens decide everybody's compute. Seed, skip-layer attention and V-cycle are taken from
    /// <see cref="Seeds"/> and <see cref="Arms"/>.
    /// </summary>
    public PretrainingSettings Pretraining { get; init; } = new()
    {
        VocabularySize = 512, TokenizerCharacters = 1_000_000, HiddenSize = 64, BlockCount = 4, HeadCount = 4, KvGroupCount = 2, NeuronCount = 192, ContextLength = 128, BatchSize = 8, Tokens = 1_500_000,
    };

    /// <summary>Every arm is trained once for each; seeds decide weights and data order.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [1, 2, 3];

    /// <summary>The arms by name (letters, digits and '-'); the first is what the others are compared with.</summary>
    public IReadOnlyDictionary<string, PretrainingArm> Arms { get; init; } = new Dictionary<string, PretrainingArm>
    {
        ["plain"] = new(), ["v-cycle"] = new() { VCycle = new VCycleSettings() }, ["v-cycle-width"] = new() { VCycle = new VCycleSettings { Depth = false } },
        ["skip-layer"] = new() { SkipLayer = new SkipLayerAttention(Distance: 1, Groups: 1) },
    };

    /// <summary>Which world.</summary>
    public long WorldSeed { get; init; } = 1;

    /// <summary>Held-out windows that every model is measured on.</summary>
    public int HeldOutWindows { get; init; } = 128;

    /// <summary>Checks the numbers.</summary>
    /// <returns>These settings.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public PretrainingComparisonSettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"experiment.json: {what}.");
        }

        Require(Kind == PretrainingComparison.KindName, $"kind is \"{Kind}\" and these settings are of the kind \"{PretrainingComparison.KindName}\"");
        Require(Seeds is { Count: > 0 } && Seeds.Distinct().Count() == Seeds.Count, "seeds must be given, each once");
        Require(Arms is { Count: > 0 }, "arms must be given");
        Require(HeldOutWindows >= 2, $"heldOutWindows is {HeldOutWindows}, give 2 or more");
        Require(Pretraining.SkipLayer is null && Pretraining.VCycle is null, "pretraining holds a V-cycle or skip-layer attention: give them to arms");
        foreach ((string name, PretrainingArm arm) in Arms)
        {
            Require(name.Length is > 0 and <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'), $"\"{name}\" cannot name an arm, use up to 40 letters, digits and '-'");
            Require(arm.VCycle is null || arm.SkipLayer is null, $"arms.{name} has a V-cycle and skip-layer attention: compare one at a time");
            var plan = PretrainingPlan.Of(this, arm, Seeds[0]);
            Require(plan.Settings.Steps > 0, $"arms.{name} would have no step, give pretraining.tokens more");
        }
        return this;
    }
}
