using System.Diagnostics;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Selection;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>Static routers in each way, then the surrogate's together with the LM.</summary>
internal static class RouterStage
{
    public const string Outcomes = "routers.json";

    public static StageResult Train(ExperimentRun run, RoutingComparisonSettings settings, long seed, StageResult corpus, StageResult trained, StageResult profile)
    {
        RouteSettings route = settings.Route.WithSeed(seed);
        return run.Stage(FormattableString.Invariant($"routers-{seed}"), new { route, settings.Methods, settings.Targets, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows }, [corpus, trained, profile], stage =>
        {
            using ElasticFamily family = ElasticFamily.Load(Path.Combine(trained.Folder, ElastifyStage.Family));
            ElasticSpace space = family.Space.Blockwise;
            ModelConfig config = family.Model.Config;
            LatencyTable table = ProfileStage.Load(profile);
            RoutingCosts costs = RoutingCosts.Of(table, space);
            TokenCorpus calibration = CorpusStage.LoadCalibration(corpus, config.VocabularySize);
            HeldOutLoss heldOut = TrainStage.HeldOut(settings.Corpus, corpus, config);
            var losses = new Dictionary<SubNetwork, LossEstimate>();
            LossEstimate Loss(SubNetwork network) => losses.TryGetValue(network, out LossEstimate? known) ? known : losses[network] = heldOut.Of(family.Model, network);
            var outcomes = new List<RouterOutcome>();
            foreach (RoutingMethod method in settings.Methods)
            {
                var clock = Stopwatch.StartNew();
                (StaticRouters routers, RoutingReport report) = RouterTraining.TrainRouters(family, table, calibration, route with { Method = method }, stage.Progress, stage.Cancellation);
                double seconds = clock.Elapsed.TotalSeconds;
                using (routers)
                {
                    routers.Save(Path.Combine(stage.Folder, Folder(method)));
                    outcomes.Add(new RouterOutcome(method, report.LmOperations, seconds, report.HeldOut, report.LossScale, [.. Shares(settings.Targets).Select(share =>
                    {
                        SubNetwork network = routers.SelectWithin(share, costs);
                        return new RouterPoint(share, network, costs.Hard(network, space), Loss(network));
                    })]));
                }
            }
            stage.WriteJson(Outcomes, outcomes);
        });
    }

    public static StageResult Tune(
        ExperimentRun run, RoutingComparisonSettings settings, long seed, StageResult corpus, StageResult elastified, StageResult trained, StageResult profile, StageResult routed)
    {
        JointRouterSettings joint = settings.Route.WithSeed(seed).Joint;
        return run.Stage(FormattableString.Invariant($"tune-{seed}"), joint, [corpus, elastified, trained, profile, routed], stage =>
        {
            using ElasticFamily family = ElasticFamily.Load(Path.Combine(trained.Folder, ElastifyStage.Family));
            using ElasticFamily original = ElasticFamily.Load(Path.Combine(elastified.Folder, ElastifyStage.Family));
            ElasticSpace space = family.Space.Blockwise;
            using StaticRouters routers = StaticRouters.Load(Path.Combine(routed.Folder, Folder(RoutingMethod.Surrogate)), space);
            double scale = Read(routed).Single(o => o.Method == RoutingMethod.Surrogate).LossScale;
            JointRouterTuning.Run(family.Model, routers, RoutingCosts.Of(ProfileStage.Load(profile), space),
                CorpusStage.LoadTrain(corpus, family.Model.Config.VocabularySize), joint, scale, original.Model, step => stage.Metrics.Write(step.ToMetrics()), progress: stage.Progress, cancellation: stage.Cancellation);
            family.AddTrainedSteps(joint.Training.Steps);
            routers.Save(Path.Combine(stage.Folder, FamilyBundle.RoutersName));
            family.Save(Path.Combine(stage.Folder, ElastifyStage.Family));
        });
    }

    public static IReadOnlyList<RouterOutcome> Read(StageResult routers) => routers.ReadJson<RouterOutcome[]>(Outcomes);

    /// <summary>Targets between the smallest (0) and the whole network (1), evenly.</summary>
    public static double[] Shares(int count) => [.. Enumerable.Range(0, count).Select(i => i / (count - 1.0))];

    private static string Folder(RoutingMethod method) => method.ToString().ToLowerInvariant();
}
