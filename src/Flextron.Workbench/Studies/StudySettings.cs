using Flextron.Evaluation;
using Flextron.Evaluation.Tasks;
using Flextron.Routing;
using Flextron.Training;

namespace Flextron.Workbench.Studies;

/// <summary>
/// Everything that decides a run of the whole method, from a pretrained model to curves of loss and accuracy against latency. This is what
/// <c>experiment.json</c> holds; the defaults suit the embedded base.
/// </summary>
public sealed record StudySettings
{
    /// <summary>Names the kind of experiment; may be left out.</summary>
    public string Kind { get; init; } = FlextronStudy.KindName;

    /// <summary>What the experiment asks, in a sentence; printed on its report.</summary>
    public string Question { get; init; } = "How do loss and accuracy fall with latency when one set of weights serves every budget?";

    /// <summary>
    /// The pretrained model: <c>embedded</c>, <c>shared:…</c> below the data folder beside the repository, or a path relative to the experiment's folder.
    /// </summary>
    public string Model { get; init; } = "embedded";

    /// <summary>Its tokenizer, where that is not beside the model.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The text and how it is parted.</summary>
    public CorpusSettings Corpus { get; init; } = new();

    /// <summary>What may be cut: groups and neurons of every block, and where asked for residual width and depth.</summary>
    public AxisSettings Elastic { get; init; } = new();

    /// <summary>Importance ranking.</summary>
    public RankSettings Rank { get; init; } = new();

    /// <summary>Joint continued-training.</summary>
    public JointTrainingSettings Training { get; init; } = new();

    /// <summary>Latency table.</summary>
    public ProfileStageSettings Profile { get; init; } = new();

    /// <summary>Surrogate, routers, joint fine-tuning.</summary>
    public RouteSettings Route { get; init; } = new();

    /// <summary>The curves.</summary>
    public CurveSettings Curve { get; init; } = new();

    /// <summary>The benchmarks.</summary>
    public BenchmarkSettings Benchmarks { get; init; } = new();

    /// <summary>Checks everything before anything is computed.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public StudySettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"Experiment settings: {what}.");
        }

        Require(Kind == FlextronStudy.KindName, $"kind is \"{Kind}\" and these settings are of the kind \"{FlextronStudy.KindName}\"");
        Corpus.Validated();
        Elastic.Validated();
        Rank.Validated();
        Require(Curve.Targets >= 2, $"curve.targets is {Curve.Targets}, give 2 or more");
        Require(Benchmarks.Budgets >= 1, $"benchmarks.budgets is {Benchmarks.Budgets}, give 1 or more");
        foreach (string task in Benchmarks.Tasks) TaskRegistry.Get(task);
        Training.Validated();
        Profile.Validated();
        Route.Validated();
        return this;
    }
}
