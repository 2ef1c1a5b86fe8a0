using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>
/// A kind of experiment: dense networks and Mixture-of-Depths of several sizes, all trained with the same compute (isoFLOP, as in arXiv 2404.02258, section 4.1),
/// with random routing as the control; then what the causal sampler changes, and what decoding gains.
/// </summary>
public static class MixtureComparison
{
    /// <summary>What <c>"kind"</c> says for it.</summary>
    public const string KindName = "mixture-of-depths";

    /// <summary>The kind of experiment.</summary>
    public static ExperimentKind Kind { get; } = ExperimentKind.Of<MixtureComparisonSettings>(
        KindName, "Mixture-of-Depths against dense networks at equal training compute over sizes and seeds, with random routing, the causal sampler and decode speed", s => s.Validated(), Run) with
    {
        Headlines = ["difference.mixture.dense", "difference.mixture.random", "sampler.predictor.alone.agreement", "decode.mixtureOverDense"],
    };

    /// <summary>Runs it.</summary>
    /// <param name="experiment">Its folder.</param>
    /// <param name="settings">Settings.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder, whose <c>report.html</c> tells the result.</returns>
    /// <exception cref="FlextronException">A setting cannot be used.</exception>
    public static string Run(ExperimentFolder experiment, MixtureComparisonSettings settings, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        using ExperimentRun run = experiment.StartRun(settings, options);
        run.RecordSeed("world", settings.WorldSeed);
        foreach (long seed in settings.Seeds) run.RecordSeed(FormattableString.Invariant($"training {seed}"), seed);
        StageResult corpus = IsoFlopStage.Corpus(run, settings);
        var trained = new Dictionary<(ModelSize Size, MixtureArm Arm, long Seed), StageResult>();
        // Seed by seed, so that an early look shows every size.
        foreach (long seed in settings.Seeds)
            foreach (ModelSize size in settings.Sizes)
                foreach (MixtureArm arm in settings.Arms) trained[(size, arm, seed)] = IsoFlopStage.Train(run, settings, size, arm, seed, corpus);
        var timed = trained.Where(t => t.Key.Seed == settings.Seeds[0] && t.Key.Arm != MixtureArm.Random).ToDictionary(t => (t.Key.Size, t.Key.Arm), t => t.Value);
        IReadOnlyList<DecodeSpeed> speeds = settings.DecodeTokens == 0 || timed.Count == 0 ? [] : SpeedStage.Read(SpeedStage.Run(run, settings, timed, corpus));
        MixtureReport.Write(run, new MixtureResults(settings, trained.ToDictionary(t => t.Key, t => IsoFlopStage.Read(t.Value)), speeds));
        run.Finish();
        return run.Folder;
    }
}
