using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>
/// A kind of experiment: ways to choose a sub-network for a latency, over seeds. Static routers trained in three ways at equal compute; the router against uniform widths,
/// least slope, evolutionary search and the exact knapsack at equal measured latency; dynamic against static routing at equal realised cost; and
/// whether random targets are kept when measured.
/// </summary>
public static class RoutingComparison
{
    /// <summary>What <c>"kind"</c> says for it.</summary>
    public const string KindName = "routing";

    /// <summary>The kind of experiment.</summary>
    public static ExperimentKind Kind { get; } = ExperimentKind.Of<RoutingComparisonSettings>(
        KindName, "ways to choose sub-networks, over seeds: routers against controls at equal measured latency, dynamic against static routing, budgets kept", s => s.Validated(), Run, (folder, s) => TrainingMemory.Of(folder, s.Model, s.Training),
        (folder, s) => Inputs(folder, s).All) with
    {
        Headlines = ["router-uniform-widths", "router-exact-knapsack", "targets.measuredWithin5Percent", "surrogate.spearman"],
    };

    /// <summary>Runs it.</summary>
    /// <param name="experiment">Its folder.</param>
    /// <param name="settings">Resolved settings.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder, whose <c>report.html</c> tells the result.</returns>
    /// <exception cref="FlextronException">Something the experiment names cannot be used.</exception>
    public static string Run(ExperimentFolder experiment, RoutingComparisonSettings settings, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        StudyInputs inputs = Inputs(experiment, settings);
        using ExperimentRun run = experiment.StartRun(settings, options);
        run.RecordSeed("training", settings.Training.Seed);
        run.RecordSeed("profile", settings.Profile.Table.Seed);
        foreach (long seed in settings.Seeds) run.RecordSeed(FormattableString.Invariant($"routing {seed}"), seed);
        (_, StageResult corpus, _, StageResult family) = FamilyStages.Run(run, inputs, settings.Corpus, settings.Rank);
        StageResult trained = TrainStage.Run(run, new StudySettings { Training = settings.Training, Corpus = settings.Corpus }, corpus, family);
        StageResult profile = ProfileStage.Run(run, settings.Profile, trained);
        SeedStages[] seeds = [.. settings.Seeds.Select(seed =>
        {
            StageResult routers = RouterStage.Train(run, settings, seed, corpus, trained, profile);
            StageResult tuned = RouterStage.Tune(run, settings, seed, corpus, family, trained, profile, routers);
            StageResult choices = ChoiceStage.Run(run, settings, seed, corpus, tuned, profile);
            return new SeedStages(seed, routers, tuned, choices, DynamicStage.Run(run, settings, seed, corpus, family, trained, tuned, profile, choices));
        })];
        StageResult timings = TimingStage.Run(run, settings, corpus, profile, seeds);
        RoutingComparisonReport.Write(run, new RoutingComparisonResults(settings, corpus, trained, profile, seeds, timings));
        run.Finish();
        return run.Folder;
    }

    private static StudyInputs Inputs(ExperimentFolder experiment, RoutingComparisonSettings settings) =>
        new StudyPaths(experiment.Path).Inputs(settings.Model, settings.Tokenizer, settings.Corpus.Path);
}
