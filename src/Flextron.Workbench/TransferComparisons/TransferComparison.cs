using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>
/// A kind of experiment: a pretrained Transformer's weights in models of linear cost (XATL, arXiv 2404.02684) against the same models from scratch, at equal
/// tokens, operations and time, over mixers and seeds; with and without the freeze schedule, of which the saved operations are counted. An arm with one seed is one stage.
/// </summary>
public static class TransferComparison
{
    /// <summary>What <c>"kind"</c> says for it.</summary>
    public const string KindName = "transfer";

    /// <summary>The kind of experiment.</summary>
    public static ExperimentKind Kind { get; } = ExperimentKind.Of<TransferComparisonSettings>(
        KindName, "a Transformer's weights moved into models of linear cost against the same from scratch, over mixers and seeds; freezing against none", s => s.Resolved(), Run, (folder, s) => TrainingMemory.Of(folder, s.Model, s.Training),
        (folder, s) => Inputs(folder, s).All) with
    {
        Headlines = ["original", "againstScratch.operations.gla", "againstScratch.operations.retention", "againstScratch.operations.ssd"],
    };

    /// <summary>Runs it.</summary>
    /// <param name="experiment">Its folder.</param>
    /// <param name="settings">Settings; the standard arms are filled in where they name none.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder, whose <c>report.html</c> tells the result.</returns>
    /// <exception cref="FlextronException">Something the experiment names cannot be used.</exception>
    public static string Run(ExperimentFolder experiment, TransferComparisonSettings settings, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(settings);
        settings = settings.Resolved();
        StudyInputs inputs = Inputs(experiment, settings);
        using ExperimentRun run = experiment.StartRun(settings, options);
        run.RecordSeed("corpus", settings.Corpus.Seed);
        foreach (long seed in settings.Seeds) run.RecordSeed(FormattableString.Invariant($"fresh weights and data order {seed}"), seed);
        StageResult corpus = CorpusStage.Run(run, settings.Corpus, inputs.Tokenizer, inputs.Text);
        StageResult original = TransferStage.Original(run, settings, inputs.Model, corpus);
        // Seed by seed, so that an interrupted run has whole comparisons.
        Dictionary<(string, long), StageResult> arms = [];
        foreach (long seed in settings.Seeds)
            foreach (string arm in settings.Arms.Keys) arms[(arm, seed)] = TransferStage.Train(run, settings, arm, seed, inputs.Model, corpus);
        TransferReport.Write(run, new TransferResults(settings, TransferStage.ReadOriginal(original), arms.ToDictionary(a => a.Key, a => TransferStage.ReadOutcome(a.Value))));
        run.Finish();
        return run.Folder;
    }

    private static StudyInputs Inputs(ExperimentFolder experiment, TransferComparisonSettings settings) =>
        new StudyPaths(experiment.Path).Inputs(settings.Model, settings.Tokenizer, settings.Corpus.Path);
}
