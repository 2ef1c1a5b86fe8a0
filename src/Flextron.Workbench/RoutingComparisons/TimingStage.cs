using System.Diagnostics;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Routing.Dynamic;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;
using static TorchSharp.torch;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>
/// Measures every chosen network and dynamic routing at every target end to end, in one interleaved session. A network's latency does not depend on its weights, so one seed's
/// family stands for all; dynamic routing reads text, because what it chooses depends on it.
/// </summary>
internal static class TimingStage
{
    public const string FileName = "timings.json";

    public static StageResult Run(ExperimentRun run, RoutingComparisonSettings settings, StageResult corpus, StageResult profile, IReadOnlyList<SeedStages> seeds)
    {
        LatencyTable table = ProfileStage.Load(profile);
        ProfileSettings measuring = settings.Profile.Table with { Seconds = settings.TimingSeconds, Precision = settings.TimingPrecision };
        object key = new { measuring, settings.Budget, Arms = DynamicArm.Of(settings), settings.Targets, table.Key };
        return run.Stage("timings", key, [corpus, profile, .. seeds.SelectMany(s => new[] { s.Tuned, s.Choices, s.Dynamic })], stage =>
        {
            ElasticFamily[] families = [.. seeds.Select(s => ElasticFamily.Load(Path.Combine(s.Tuned.Folder, ElastifyStage.Family)))];
            var owned = new List<IDisposable>(families);
            try
            {
                DecoderModel model = families[0].Model;
                ElasticSpace space = families[0].Space.Blockwise;
                RoutingCosts costs = RoutingCosts.Of(table, space);
                SubNetwork[] networks = [.. seeds.Select(s => ChoiceStage.Read(s.Choices))
                    .SelectMany(c => c.Selections.Concat(c.UniformCurve).Select(p => p.Network).Concat(c.Random.Select(r => r.Network))).Distinct()];
                var runner = new TorchWorkloadRunner(model, table.Key.Workload);
                owned.Add(runner);
                Tensor text_BT = Text(corpus, model.Config, table.Key.Workload);
                owned.Add(text_BT);
                var dynamic = new List<(long Seed, DynamicArm Arm, double Share, Func<WorkloadTiming> Run)>();
                for (int s = 0; s < seeds.Count; s++)
                {
                    foreach (DynamicArm arm in DynamicArm.Of(settings))
                    {
                        DynamicRouters routers = DynamicStage.Load(seeds[s].Dynamic, arm, space, model.Config.HiddenSize);
                        owned.Add(routers);
                        // Which widths tokens choose depends on the weights.
                        ElasticFamily family = arm.Joint ? DynamicStage.LoadFamily(seeds[s].Dynamic, arm) : families[s];
                        if (arm.Joint) owned.Add(family);
                        var routed = new DynamicModel(family.Model, space);
                        foreach (double share in RouterStage.Shares(settings.Targets))
                        {
                            dynamic.Add((seeds[s].Seed, arm, share, () => Clocked(() => routed.ForwardLast(
                                text_BT, DynamicStage.Controlled(arm, routers, costs, settings.Budget, share, text_BT.size(0))).Dispose())));
                        }
                    }
                }
                SubNetwork whole = space.Largest;
                Func<WorkloadTiming> wholeText = () => Clocked(() =>
                {
                    using var noGrad = no_grad();
                    model.ForwardLast(text_BT, whole, null).Dispose();
                });
                EndToEndTimings timings = EndToEnd.Measure(
                    [.. networks.Select(n => (Func<WorkloadTiming>)(() => runner.Whole(n))), wholeText, .. dynamic.Select(d => d.Run)],
                    measuring, () => runner.Whole(whole), stage.Progress, stage.Cancellation);
                double slowdown = timings.Slowdown(table.FullMs());
                Quartiles At(int i) => timings.Total[i].Over(slowdown);
                stage.WriteJson(FileName, new ComparisonTimings(slowdown, [.. networks.Select((n, i) => new NetworkTiming(n.ToString(), At(i)))],
                    [.. dynamic.Select((d, i) => new DynamicTiming(d.Seed, d.Arm, d.Share, At(networks.Length + 1 + i)))], At(networks.Length)));
            }
            finally
            {
                owned.Reverse();
                foreach (IDisposable one in owned) one.Dispose();
            }
        }, measures: true);
    }

    public static ComparisonTimings Read(StageResult timings) => timings.ReadJson<ComparisonTimings>(FileName);

    private static Tensor Text(StageResult corpus, ModelConfig config, LatencyWorkload workload)
    {
        if (workload.GeneratedTokens > 0) throw new FlextronException("Comparing dynamic and static routing needs a workload without generated tokens: set profile.workload.generatedTokens to 0.");
        var windows = new WindowSampler(CorpusStage.LoadHeldOut(corpus, config.VocabularySize), workload.PromptTokens, seed: 0);
        using var scope = NewDisposeScope();
        long[] some = [.. Enumerable.Range(0, workload.Batch).Select(i => i % windows.WindowCount)];
        return windows.Windows(some).Input_BT.DetachFromDisposeScope();
    }

    private static WorkloadTiming Clocked(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return new WorkloadTiming(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 0);
    }
}
