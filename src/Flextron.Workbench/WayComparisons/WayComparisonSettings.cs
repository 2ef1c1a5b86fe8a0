using Flextron.Latency;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.WayComparisons;

/// <summary>Everything that decides a comparison of ways to spend less compute; the defaults suit models of up to a million parameters.</summary>
public sealed record WayComparisonSettings
{
    /// <summary>Names the kind of experiment.</summary>
    public string Kind { get; init; } = WayComparison.KindName;

    /// <summary>What the experiment asks, in a sentence; printed on its report.</summary>
    public string Question { get; init; } = "Which way of spending less compute gives the lowest loss at a measured latency?";

    /// <summary>The pretrained model, named like <see cref="StudySettings.Model"/>.</summary>
    public string Model { get; init; } = StudyPaths.Embedded;

    /// <summary>Its tokenizer, where that is not beside the model.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The text and how it is parted.</summary>
    public CorpusSettings Corpus { get; init; } = new();

    /// <summary>Importance ranking; what is dropped is decided on as much text.</summary>
    public RankSettings Rank { get; init; } = new();

    /// <summary>Seeds of fresh weights, data order and sampled sub-networks; every arm is trained once with each.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [1, 2, 3];

    /// <summary>
    /// The training, the same for every arm but for its learning rate; strategy and number of networks are the family's, every other arm trains its one network. With
    /// distillation every arm learns from the base.
    /// </summary>
    public JointTrainingSettings Training { get; init; } = new() { Steps = 200, BatchSize = 8, SequenceLength = 128, LearningRate = 1e-3, DistillationWeight = 0, EvaluateEvery = 0 };

    /// <summary>What is timed; prompts without generated tokens. 8 prompts of 256 tokens by default.</summary>
    public ProfileStageSettings Profile { get; init; } = new();

    /// <summary>Prompt and generated tokens of which the time per generated token is compared too; null for none.</summary>
    public LatencyWorkload? Decode { get; init; }

    /// <summary>How long all networks are timed together, seconds; as long again for generated tokens.</summary>
    public double TimingSeconds { get; init; } = 30;

    /// <summary>Latency targets of the family, evenly between its smallest and the whole network.</summary>
    public int Targets { get; init; } = 6;

    /// <summary>Windows of calibration text that the family's networks are chosen on.</summary>
    public int ChoiceWindows { get; init; } = 16;

    /// <summary>
    /// How static routers are learned from every seed's family, whose choices stand beside those of the search; null for none. The LM stays as it is: seeds are taken
    /// from <see cref="Seeds"/>, joint fine-tuning is not read.
    /// </summary>
    public RouteSettings? Route { get; init; }

    /// <summary>Whether every way is trained once more, all its networks with as many operations together as the family's training counts.</summary>
    public bool EqualOperations { get; init; }

    /// <summary>Benchmarks that every network is scored on; none by default.</summary>
    public BenchmarkSettings Benchmarks { get; init; } = new() { Tasks = [] };

    /// <summary>The arms by name (letters, digits and '-'); empty for the standard ones.</summary>
    public IReadOnlyDictionary<string, WayArm> Arms { get; init; } = new Dictionary<string, WayArm>();

    /// <summary>The views, first that with all the tokens.</summary>
    internal IReadOnlyList<WayView> Views => EqualOperations ? [WayView.Each, WayView.Together, WayView.Operations] : [WayView.Each, WayView.Together];

    /// <summary>Fills in the standard arms and checks everything.</summary>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public WayComparisonSettings Resolved() => (this with { Arms = Arms.Count > 0 ? Arms : StandardWays.Arms }).Validated();

    /// <summary>Checks what needs the model: it takes minutes to train up to an arm that cannot be made of it.</summary>
    /// <exception cref="FlextronException">An arm, or a workload, does not suit it; the message names it.</exception>
    internal void RequireFor(ModelConfig config)
    {
        Decode?.ValidatedFor(config);
        foreach ((string name, WayArm arm) in Arms) arm.RequireFor(name, config);
    }

    private WayComparisonSettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"Experiment settings: {what}.");
        }

        Require(Kind == WayComparison.KindName, $"kind is \"{Kind}\" and these settings are of the kind \"{WayComparison.KindName}\"");
        Require(Seeds.Count >= 1 && Seeds.Distinct().Count() == Seeds.Count, $"seeds are [{string.Join(", ", Seeds)}], give one or more, each once");
        Require(Targets is >= 2 and <= 100, $"targets is {Targets}, give 2 to 100");
        Require(ChoiceWindows >= 2, $"choiceWindows is {ChoiceWindows}, give 2 or more");
        Require(TimingSeconds >= 0, $"timingSeconds is {TimingSeconds}, give 0 or more");
        Require(Profile.Workload is null or { GeneratedTokens: 0 }, "profile.workload generates tokens, but prompts are compared by it: give generated tokens as decode");
        Require(Decode is null or { GeneratedTokens: > 0 }, "decode generates no tokens, so that there is no time per token: give generatedTokens");
        Require(Arms.Values.Count(a => a.Way == Way.Flextron) == 1, "the ways are compared with one family: give exactly one arm of the way \"flextron\"");
        Require(Arms.Values.Count(a => a.Way == Way.Continued) == 1, "the ways are compared with the base trained on: give exactly one arm of the way \"continued\"");
        foreach ((string name, WayArm arm) in Arms)
        {
            Require(name.Length is > 0 and <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.'), $"\"{name}\" cannot name an arm, use up to 40 letters, digits, '-' and '.'");
            arm.Validate(name);
            WayPlan.Of(this, name, Seeds[0], WayView.Each).Training.Validated();
        }
        Corpus.Validated();
        Rank.Validated();
        Profile.Validated();
        Route?.Validated();
        return this;
    }
}
