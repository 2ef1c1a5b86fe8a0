using Flextron.Elastic;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.WayComparisons;

/// <summary>
/// A kind of experiment: every way of spending less compute per token, made of the same base and trained on the same further tokens, against measured latency on
/// the same runtime: an elastic family, Mixture-of-Depths, transferred models of linear cost, dropped parts, and smaller models of their own. Each with all the tokens for
/// every network, with as many for all networks of a way together as the family has, and, if asked for, with as many operations.
/// </summary>
public static class WayComparison
{
    /// <summary>What <c>"kind"</c> says for it.</summary>
    public const string KindName = "ways";

    /// <summary>The kind of experiment.</summary>
    public static ExperimentKind Kind { get; } = ExperimentKind.Of<WayComparisonSettings>(
        KindName, "Flextron, Mixture-of-Depths, XATL, LLM-Drop and small models of their own, of one base and the same further tokens, against measured latency", s => s.Resolved(), Run,
        (folder, s) => TrainingMemory.Of(folder, s.Model, s.Training), (folder, s) => [.. Inputs(folder, s).All, .. BenchmarkStage.Data(s.Benchmarks)]) with
    {
        Headlines = ["original", "after.each.base", "against.each.cut-50", "against.together.cut-50", "against.each.mod-50"],
    };

    /// <summary>Runs it.</summary>
    /// <param name="experiment">Its folder.</param>
    /// <param name="settings">Settings; the standard arms are filled in where they name none.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder, whose <c>report.html</c> tells the result.</returns>
    /// <exception cref="FlextronException">Something the experiment names cannot be used.</exception>
    public static string Run(ExperimentFolder experiment, WayComparisonSettings settings, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(settings);
        settings = settings.Resolved();
        StudyInputs inputs = Inputs(experiment, settings);
        StageInput[] data = BenchmarkStage.Data(settings.Benchmarks);
        using ExperimentRun run = experiment.StartRun(settings, options);
        run.RecordSeed("profile", settings.Profile.Table.Seed);
        foreach (long seed in settings.Seeds) run.RecordSeed(FormattableString.Invariant($"fresh weights and data order {seed}"), seed);
        (_, StageResult corpus, _, StageResult family) = FamilyStages.Run(run, inputs, settings.Corpus, settings.Rank);
        using (ElasticFamily original = WayStage.Original(family)) settings.RequireFor(original.Model.Config);
        StageResult profile = ProfileStage.Run(run, settings.Profile, family);
        string flextron = settings.Arms.First(a => a.Value.Way == Way.Flextron).Key;
        var seeds = new List<WaySeed>();
        // Seed by seed, so that an interrupted run has whole comparisons.
        foreach (long seed in settings.Seeds)
        {
            double operations = WayStage.FamilyFlops(WayPlan.Of(settings, flextron, seed, WayView.Each), family);
            Dictionary<(string, WayView), StageResult> arms = WayPlan.All(settings, seed, operations).ToDictionary(p => (p.Name, p.View), p => WayStage.Train(run, settings, p, corpus, family));
            seeds.Add(new WaySeed(seed, arms, FamilyStage.Choose(run, settings, seed, corpus, family, arms[(flextron, WayView.Each)], profile)));
        }
        StageResult timings = WayTimingStage.Run(run, settings, corpus, profile, seeds);
        StageResult?[] scores = [.. seeds.Select(s => WayScoreStage.Run(run, settings, data, inputs.Tokenizer, s))];
        WayReport.Write(run, new WayResults(settings, WayTimingStage.Read(timings), seeds, [.. scores.Select(WayScoreStage.Read)]));
        run.Finish();
        return run.Folder;
    }

    private static StudyInputs Inputs(ExperimentFolder experiment, WayComparisonSettings settings) =>
        new StudyPaths(experiment.Path).Inputs(settings.Model, settings.Tokenizer, settings.Corpus.Path);
}
