using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.Comparisons;

/// <summary>
/// Everything that decides a comparison of ways to train a family. Without <see cref="Arms"/> the standard ones are compared; the defaults suit
/// models of up to a million parameters.
/// </summary>
public sealed record JointComparisonSettings
{
    /// <summary>Names the kind of experiment.</summary>
    public string Kind { get; init; } = JointComparison.KindName;

    /// <summary>What the experiment asks, in a sentence; printed on its report.</summary>
    public string Question { get; init; } = "Which way of training all sub-networks together is best for the small ones, and what does it cost the whole network?";

    /// <summary>The pretrained model, named like <see cref="StudySettings.Model"/>.</summary>
    public string Model { get; init; } = StudyPaths.Embedded;

    /// <summary>Its tokenizer, where that is not beside the model.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The text and how it is parted.</summary>
    public CorpusSettings Corpus { get; init; } = new();

    /// <summary>Importance ranking.</summary>
    public RankSettings Rank { get; init; } = new();

    /// <summary>Seeds of data order, sampled sub-networks and random part orders; every arm is trained once with each.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [1, 2, 3];

    /// <summary>Random sub-networks with different widths in every block that losses are measured at, beside the uniform ones from an eighth to the whole.</summary>
    public int MixedBudgets { get; init; } = 4;

    /// <summary>The training that arms change; its seed is taken from <see cref="Seeds"/>.</summary>
    public JointTrainingSettings Training { get; init; } = new() { Steps = 250, BatchSize = 4, SequenceLength = 128, EvaluateEvery = 0 };

    /// <summary>The arm whose compute <see cref="ArmSettings.EqualCompute"/> means, and whose result is shown first.</summary>
    public string Baseline { get; init; } = StandardArms.Baseline;

    /// <summary>The arms by name (letters, digits and '-'); empty for the standard ones.</summary>
    public IReadOnlyDictionary<string, ArmSettings> Arms { get; init; } = new Dictionary<string, ArmSettings>();

    /// <summary>Which arms are set side by side; empty for all against the baseline, or the standard questions where the arms are standard.</summary>
    public IReadOnlyList<ArmComparison> Comparisons { get; init; } = [];

    /// <summary>Names all arms and comparisons that the settings leave to the standard, and checks everything.</summary>
    /// <exception cref="FlextronException">A value is outside its range, or a name is unknown; the message names it.</exception>
    public JointComparisonSettings Resolved()
    {
        bool standard = Arms.Count == 0;
        IReadOnlyDictionary<string, ArmSettings> arms = standard ? StandardArms.Arms : Arms;
        return (this with
        {
            Arms = arms,
            Comparisons = Comparisons.Count > 0 ? Comparisons : standard ? StandardArms.Comparisons
                : [new ArmComparison("arms", "The arms", [Baseline, .. arms.Keys.Where(a => a != Baseline)])],
        }).Validated();
    }

    private JointComparisonSettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"Experiment settings: {what}.");
        }

        void RequireArm(string where, string arm) => Require(Arms.ContainsKey(arm), $"{where} names the arm \"{arm}\", which there is not; {NearestName.Suggest(arm, [.. Arms.Keys]).TrimEnd('.')}");

        static bool Plain(string name) => name.Length is > 0 and <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

        Require(Kind == JointComparison.KindName, $"kind is \"{Kind}\" and these settings are of the kind \"{JointComparison.KindName}\"");
        Require(Seeds.Count >= 1 && Seeds.Distinct().Count() == Seeds.Count, $"seeds are [{string.Join(", ", Seeds)}], give one or more, each once");
        Require(MixedBudgets is >= 0 and <= 100, $"mixedBudgets is {MixedBudgets}, give 0 to 100");
        RequireArm("baseline", Baseline);
        Require(Arms[Baseline] is { EqualCompute: false, Only: null, Fresh: false },
            $"the baseline \"{Baseline}\" is what other arms are measured by: it cannot itself have equalCompute, only or fresh");
        foreach ((string name, ArmSettings arm) in Arms)
        {
            Require(Plain(name), $"\"{name}\" cannot name an arm, use up to 40 letters, digits and '-'");
            Require(arm.Only is null or (> 0 and <= 1), FormattableString.Invariant($"arms.{name}.only is {arm.Only}, give a share above 0 and up to 1"));
            Require(arm.WholeShare is >= 0 and <= 1, FormattableString.Invariant($"arms.{name}.wholeShare is {arm.WholeShare}, give 0 to 1"));
            Require(!arm.Training.ContainsKey("seed"), $"arms.{name}.training.seed is set, but every arm is trained with each of the experiment's seeds: leave it out");
            ArmPlanner.Training(this, name, Seeds[0]);
        }
        Require(Comparisons.Select(c => c.Name).Distinct().Count() == Comparisons.Count, "two comparisons have the same name, give each its own");
        foreach (ArmComparison comparison in Comparisons)
        {
            Require(Plain(comparison.Name), $"\"{comparison.Name}\" cannot name a comparison, use up to 40 letters, digits and '-'");
            Require(comparison.Arms.Count >= 1 && comparison.Arms.Distinct().Count() == comparison.Arms.Count, $"the comparison \"{comparison.Name}\" needs arms, each once");
            foreach (string arm in comparison.Arms) RequireArm($"the comparison \"{comparison.Name}\"", arm);
        }
        Corpus.Validated();
        Rank.Validated();
        return this;
    }
}
