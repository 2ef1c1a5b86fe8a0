using Flextron.Routing;
using Flextron.Routing.Dynamic;
using Flextron.Selection;
using Flextron.Training;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>
/// Everything that decides a comparison of ways to choose sub-networks. The family is trained once; routers, their fine-tuning, controls and dynamic routers are
/// made once for each seed. The defaults suit models of up to a million parameters.
/// </summary>
public sealed record RoutingComparisonSettings
{
    /// <summary>Names the kind of experiment.</summary>
    public string Kind { get; init; } = RoutingComparison.KindName;

    /// <summary>What the experiment asks, in a sentence; printed on its report.</summary>
    public string Question { get; init; } = "Do learned routers choose better sub-networks than controls at equal measured latency, and does choosing per token pay?";

    /// <summary>The pretrained model, named like <see cref="StudySettings.Model"/>.</summary>
    public string Model { get; init; } = StudyPaths.Embedded;

    /// <summary>Its tokenizer, where that is not beside the model.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The text and how it is parted.</summary>
    public CorpusSettings Corpus { get; init; } = new();

    /// <summary>Importance ranking.</summary>
    public RankSettings Rank { get; init; } = new();

    /// <summary>Joint continued-training of the family.</summary>
    public JointTrainingSettings Training { get; init; } = new() { Steps = 250, EvaluateEvery = 0 };

    /// <summary>Latency table.</summary>
    public ProfileStageSettings Profile { get; init; } = new();

    /// <summary>Static routers and the joint fine-tuning with those of the surrogate; seeds are taken from <see cref="Seeds"/>.</summary>
    public RouteSettings Route { get; init; } = new()
    {
        Surrogate = new SurrogateRouterSettings { Rounds = 3, FirstRoundNetworks = 144, NetworksPerRound = 64 },
        Joint = new JointRouterSettings { Training = new JointTrainingSettings { Steps = 60, LearningRate = 1e-4, WarmupSteps = 6, EvaluateEvery = 0 } },
    };

    /// <summary>Ways to train static routers that are compared on the family before any fine-tuning, at equal compute in the LM.</summary>
    public IReadOnlyList<RoutingMethod> Methods { get; init; } = [RoutingMethod.Surrogate, RoutingMethod.GumbelSoftmax, RoutingMethod.StraightThrough];

    /// <summary>Dynamic routers; seeds are taken from <see cref="Seeds"/>.</summary>
    public DynamicRouterSettings Dynamic { get; init; } = new();

    /// <summary>Ways to train dynamic routers.</summary>
    public IReadOnlyList<DynamicRoutingMethod> DynamicMethods { get; init; } = [DynamicRoutingMethod.TokenLosses, DynamicRoutingMethod.Surrogate];

    /// <summary>Joint training of the LM under its dynamic routers' choices; 0 steps leave that arm out. The seed is taken from <see cref="Seeds"/>.</summary>
    public DynamicJointSettings DynamicJoint { get; init; } = new() { Training = new JointTrainingSettings { Steps = 60, LearningRate = 1e-4, WarmupSteps = 6, EvaluateEvery = 0 } };

    /// <summary>How the budget controller balances.</summary>
    public BudgetSettings Budget { get; init; } = new();

    /// <summary>Evolutionary search, for each target.</summary>
    public EvolutionSettings Evolution { get; init; } = new() { Evaluations = 40 };

    /// <summary>Seeds of everything that comes after the family's training.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [1, 2, 3];

    /// <summary>Latency targets, spread evenly from the smallest network's to the whole network's.</summary>
    public int Targets { get; init; } = 7;

    /// <summary>Random latency targets whose selections are measured end to end.</summary>
    public int RandomTargets { get; init; } = 200;

    /// <summary>Time spent on measuring networks end to end, at most.</summary>
    public double TimingSeconds { get; init; } = 60;

    /// <summary>Measured again are only those networks whose median is not known to this share of it yet.</summary>
    public double TimingPrecision { get; init; } = 0.005;

    /// <summary>Checks everything before anything is computed.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public RoutingComparisonSettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"Experiment settings: {what}.");
        }

        Require(Kind == RoutingComparison.KindName, $"kind is \"{Kind}\" and these settings are of the kind \"{RoutingComparison.KindName}\"");
        Require(Seeds.Count >= 1 && Seeds.Distinct().Count() == Seeds.Count, $"seeds are [{string.Join(", ", Seeds)}], give one or more, each once");
        Require(Methods.Contains(RoutingMethod.Surrogate) && Methods.Distinct().Count() == Methods.Count, "methods must name Surrogate, whose routers are fine-tuned, and each method once");
        Require(DynamicMethods.Count >= 1 && DynamicMethods.Distinct().Count() == DynamicMethods.Count, "dynamicMethods must name one or more methods, each once");
        Require(Targets >= 3, $"targets is {Targets}, give 3 or more");
        Require(RandomTargets >= 1, $"randomTargets is {RandomTargets}, give 1 or more");
        Require(TimingSeconds >= 0, FormattableString.Invariant($"timingSeconds is {TimingSeconds}, give 0 or more"));
        Require(TimingPrecision >= 0 && double.IsFinite(TimingPrecision), FormattableString.Invariant($"timingPrecision is {TimingPrecision}, give 0 or more"));
        Corpus.Validated();
        Rank.Validated();
        Training.Validated();
        Profile.Validated();
        Route.Validated();
        Dynamic.Validated();
        DynamicJoint.Validated();
        Budget.Validated();
        Evolution.Validated();
        return this;
    }
}
