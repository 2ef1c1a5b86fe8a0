using Flextron.Elastic;
using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Tokenization;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.WayComparisons;

/// <summary>Scores one seed's networks on benchmarks.</summary>
internal static class WayScoreStage
{
    private const string File = "scores.json";

    public static StageResult? Run(ExperimentRun run, WayComparisonSettings settings, StageInput[] data, StageInput tokenizer, WaySeed seed)
    {
        if (settings.Benchmarks.Tasks.Count == 0) return null;
        EvaluationTask[] tasks = [.. settings.Benchmarks.Tasks.Select(TaskRegistry.Get)];
        object key = new { settings.Benchmarks.Tasks, settings.Benchmarks.Limit, settings.Benchmarks.Shots, scorer = ResultIdentity.CurrentScorer, versions = tasks.Select(t => t.Version).ToArray() };
        return run.Stage(FormattableString.Invariant($"scores-seed{seed.Seed}"), key, [tokenizer, seed.Choices, .. seed.Arms.Where(a => a.Key.View == WayView.Each).Select(a => a.Value), .. data], stage =>
        {
            Tokenizer words = TokenizerLoader.Load(tokenizer.Path);
            DatasetLocator locator = DatasetLocator.FromEnvironment();
            PreparedTask[] prepared = [.. tasks.Select(task => Evaluator.Prepare(task, words, new EvaluationSettings { Limit = settings.Benchmarks.Limit, Shots = Math.Min(settings.Benchmarks.Shots, task.MaxShots) }, locator))];
            var scores = new List<WayScore>();
            foreach ((string name, WayArm arm) in settings.Arms)
            {
                using WayNetwork network = WayStage.Network(seed.Arms[(name, WayView.Each)]);
                (string Key, SubNetwork Network)[] slices = arm.Way == Way.Flextron
                    ? [.. FamilyStage.Read(seed.Choices).DistinctBy(WayTimings.Key).Select(c => (WayTimings.Key(c), c.Network))] : [(WayTimings.Key(name, arm, seed.Seed), network.Network)];
                foreach ((string networkKey, SubNetwork slice) in slices)
                {
                    stage.Cancellation.ThrowIfCancellationRequested();
                    foreach (PreparedTask task in prepared) scores.Add(WayScore.Of(networkKey, Score(task, network, slice, stage.Progress)));
                }
            }
            stage.WriteJson(File, scores);
        });
    }

    public static IReadOnlyList<WayScore> Read(StageResult? scores) => scores?.ReadJson<WayScore[]>(File) ?? [];

    private static TaskResult Score(PreparedTask task, WayNetwork network, SubNetwork slice, IProgress<StageProgress> progress)
    {
        // Routers decide as in generation, causally.
        if (network.Mixture is { } mixture)
            return Evaluator.Score(task, new ContinuationScorer(new MixtureLogitsModel(mixture, WayNetwork.Causal, slice), MixtureLogitsModel.Settings), progress);
        using var model = new ElasticLogitsModel(network.Model, slice);
        return Evaluator.Score(task, new ContinuationScorer(model), progress);
    }
}
