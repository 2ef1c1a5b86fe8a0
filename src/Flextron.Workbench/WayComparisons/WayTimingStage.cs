using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.WayComparisons;

/// <summary>Times the networks of all ways on the same text, in shuffled, interleaved rounds with the base in between throughout.</summary>
internal static class WayTimingStage
{
    private const string File = "timings.json";

    public static StageResult Run(ExperimentRun run, WayComparisonSettings settings, StageResult corpus, StageResult profile, IReadOnlyList<WaySeed> seeds)
    {
        LatencyTable table = ProfileStage.Load(profile);
        ProfileSettings measuring = settings.Profile.Table with { Seconds = settings.TimingSeconds };
        object key = new { measuring, settings.Decode, table.Key };
        bool HangsOnWeights(string name) => WayTimings.HangsOnWeights(settings.Arms[name]);
        return run.Stage("timings", key, [corpus, profile, .. seeds.SelectMany(s => s.Arms.Where(a => a.Key.View == WayView.Each || HangsOnWeights(a.Key.Arm)).Select(a => a.Value).Append(s.Choices))], stage =>
        {
            var networks = new List<(string Key, WayNetwork Network)>();
            var owned = new List<IDisposable>();
            try
            {
                string flextron = settings.Arms.First(a => a.Value.Way == Way.Flextron).Key, whole = settings.Arms.First(a => a.Value.Way == Way.Continued).Key;
                foreach ((string name, WayArm arm) in settings.Arms.Where(a => a.Key != flextron))
                {
                    bool each = HangsOnWeights(name);
                    foreach (WaySeed seed in each ? seeds : seeds.Take(1))
                    {
                        foreach (WayView view in each ? settings.Views.Where(v => WayPlan.Trained(settings, name, v) == v) : [WayView.Each])
                        {
                            WayNetwork network = WayStage.Network(seed.Arms[(name, view)]);
                            owned.Add(network);
                            networks.Add((WayTimings.Key(name, arm, seed.Seed, view), network));
                        }
                    }
                }
                WayNetwork family = WayStage.Network(seeds[0].Arms[(flextron, WayView.Each)]);
                owned.Add(family);
                foreach (FamilyChoice choice in seeds.SelectMany(s => FamilyStage.Read(s.Choices)).DistinctBy(WayTimings.Key))
                    networks.Add((WayTimings.Key(choice), new WayNetwork(family.Model, choice.Network)));
                WayNetwork reference = networks.Single(n => n.Key == whole).Network;
                IReadOnlyList<Quartiles> Measure(LatencyWorkload workload, Func<EndToEndTimings, IReadOnlyList<Quartiles>> part)
                {
                    using Tensor ids_BT = Text(corpus, family.Model.Config.VocabularySize, workload.ValidatedFor(family.Model.Config));
                    return part(EndToEnd.Measure(
                        [.. networks.Select(n => (Func<WorkloadTiming>)(() => n.Network.Run(ids_BT, workload.PromptTokens)))], measuring,
                        () => reference.Run(ids_BT, workload.PromptTokens), stage.Progress, stage.Cancellation));
                }

                LatencyWorkload prompts = table.Key.Workload;
                IReadOnlyList<Quartiles> promptMs = Measure(prompts, t => t.Total);
                IReadOnlyList<Quartiles>? tokenMs = settings.Decode is { } decode ? [.. Measure(decode, t => t.Decode).Select(q => q.Over(decode.GeneratedTokens))] : null;
                stage.WriteJson(File, new WayTimings(prompts, settings.Decode, networks.Select((n, i) => (n.Key, Timing: new WayTiming(promptMs[i], tokenMs?[i]))).ToDictionary(n => n.Key, n => n.Timing)));
            }
            finally
            {
                foreach (IDisposable one in owned) one.Dispose();
            }
        }, measures: true);
    }

    public static WayTimings Read(StageResult timings) => timings.ReadJson<WayTimings>(File);

    // Held-out text: what routers let pass depends on it.
    private static Tensor Text(StageResult corpus, int vocabulary, LatencyWorkload workload)
    {
        var windows = new WindowSampler(CorpusStage.LoadHeldOut(corpus, vocabulary), workload.PromptTokens + workload.GeneratedTokens, seed: 0);
        using var scope = NewDisposeScope();
        return windows.Windows([.. Enumerable.Range(0, workload.Batch).Select(i => (long)(i % windows.WindowCount))]).Input_BT.DetachFromDisposeScope();
    }
}
