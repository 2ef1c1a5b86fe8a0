using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.PretrainingComparisons;

/// <summary>
/// A kind of experiment: ways to pretrain the same model from fresh weights, all with the compute of the first: plainly, in a multi-level V-cycle
/// (arXiv 2404.07999), with skip-layer attention (arXiv 2406.11274).
/// </summary>
public static class PretrainingComparison
{
    /// <summary>What <c>"kind"</c> says for it.</summary>
    public const string KindName = "pretraining";

    /// <summary>The kind of experiment.</summary>
    public static ExperimentKind Kind { get; } = ExperimentKind.Of<PretrainingComparisonSettings>(
        KindName, "plain pretraining against multi-level V-cycles and skip-layer attention at equal training compute, over seeds", s => s.Validated(), Run) with
    {
        Headlines = ["loss.plain", "difference.v-cycle", "difference.v-cycle-width", "difference.skip-layer"],
    };

    /// <summary>Runs it.</summary>
    /// <param name="experiment">Its folder.</param>
    /// <param name="settings">Settings.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder, whose <c>report.html</c> tells the result.</returns>
    /// <exception cref="FlextronException">A setting cannot be used.</exception>
    public static string Run(ExperimentFolder experiment, PretrainingComparisonSettings settings, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        using ExperimentRun run = experiment.StartRun(settings, options);
        run.RecordSeed("world", settings.WorldSeed);
        foreach (long seed in settings.Seeds) run.RecordSeed(FormattableString.Invariant($"weights and data order {seed}"), seed);
        StageResult corpus = PretrainingStage.Corpus(run, settings);
        var trained = new Dictionary<(string, long), StageResult>();
        // Seed by seed, so that an interrupted run has whole comparisons.
        foreach (long seed in settings.Seeds)
            foreach (string arm in settings.Arms.Keys) trained[(arm, seed)] = PretrainingStage.Train(run, settings, arm, seed, corpus);
        PretrainingReport.Write(run, settings, trained.ToDictionary(t => t.Key, t => PretrainingStage.Read(t.Value)));
        run.Finish();
        return run.Folder;
    }
}
