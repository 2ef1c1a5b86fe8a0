using Flextron.Elastic;
using Flextron.Models;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.Comparisons;

/// <summary>
/// A kind of experiment: trains a family in several ways, each with several seeds, and compares what comes out on the same held-out windows. An
/// arm with one seed is one stage, so an interrupted run goes on where it was.
/// </summary>
public static class JointComparison
{
    /// <summary>What <c>"kind"</c> says for it.</summary>
    public const string KindName = "joint-training";

    /// <summary>The kind of experiment.</summary>
    public static ExperimentKind Kind { get; } = ExperimentKind.Of<JointComparisonSettings>(
        KindName, "ways to train all sub-networks together, over seeds: strategies at equal tokens and compute, losses, orders, what the whole network pays", s => s.Resolved(), Run, (folder, s) => TrainingMemory.Of(folder, s.Model, s.Training),
        (folder, s) => Inputs(folder, s).All) with
    {
        Headlines = ["after.1", "after.0.5", "after.0.25", "after.0.125"],
    };

    /// <summary>Runs it.</summary>
    /// <param name="experiment">Its folder.</param>
    /// <param name="settings">Settings; the standard arms are filled in where they name none.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder, whose <c>report.html</c> tells the result.</returns>
    /// <exception cref="FlextronException">Something the experiment names cannot be used.</exception>
    public static string Run(ExperimentFolder experiment, JointComparisonSettings settings, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(settings);
        settings = settings.Resolved();
        StudyInputs inputs = Inputs(experiment, settings);

        using ExperimentRun run = experiment.StartRun(settings, options);
        foreach (long seed in settings.Seeds) run.RecordSeed(FormattableString.Invariant($"training {seed}"), seed);
        (_, StageResult corpus, _, StageResult family) = FamilyStages.Run(run, inputs, settings.Corpus, settings.Rank);
        (ElasticSpace space, ModelConfig config) = Shape(family);
        IReadOnlyList<MeasuredBudget> budgets = MeasuredBudget.Grid(space, config, settings.MixedBudgets);
        IReadOnlyList<ArmPlan> plans = ArmPlanner.Plans(settings, space, config);
        StageResult before = ArmStage.Before(run, settings, budgets, corpus, family);
        StageResult[] arms = run.Stages(
            [.. plans.Select(plan => (Func<StageResult>)(() => ArmStage.Train(run, settings, plan, budgets, corpus, family)))],
            plans.Max(p => TrainingMemory.Of(config, (long)budgets.Max(b => b.Parameters), p.Training)));
        var results = new ComparisonResults(settings, CorpusStage.Parts(corpus), budgets, ArmStage.ReadBefore(before),
            plans.Zip(arms).ToDictionary(p => (p.First.Name, p.First.Seed), p => ArmStage.ReadOutcome(p.Second)));
        ComparisonReport.Write(run, results);
        run.Finish();
        return run.Folder;
    }

    private static (ElasticSpace Space, ModelConfig Config) Shape(StageResult family)
    {
        using ElasticFamily elastic = ElasticFamily.Load(Path.Combine(family.Folder, ElastifyStage.Family));
        return (elastic.Space, elastic.Model.Config);
    }

    private static StudyInputs Inputs(ExperimentFolder experiment, JointComparisonSettings settings) =>
        new StudyPaths(experiment.Path).Inputs(settings.Model, settings.Tokenizer, settings.Corpus.Path);
}
