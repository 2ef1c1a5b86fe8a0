using System.Diagnostics;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Inference;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Routing;
using Flextron.Routing.Dynamic;
using Flextron.Selection;
using Flextron.Tokenization;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;
using static TorchSharp.torch;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>Dynamic routers on one seed's fine-tuned family, judged under the budget controller.</summary>
internal static class DynamicStage
{
    public const string FileName = "dynamic.json";
    private const int SampleTokens = 220;

    public static StageResult Run(ExperimentRun run, RoutingComparisonSettings settings, long seed, StageResult corpus, StageResult elastified, StageResult trained, StageResult tuned, StageResult profile, StageResult choices)
    {
        DynamicJointSettings joint = settings.DynamicJoint with { Training = settings.DynamicJoint.Training with { Seed = seed } };
        object key = new { settings.Dynamic, joint, settings.DynamicMethods, settings.Budget, settings.Targets, settings.Route.LossWindows, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows, seed };
        return run.Stage(FormattableString.Invariant($"dynamic-{seed}"), key, [corpus, elastified, trained, tuned, profile, choices], stage =>
        {
            string folder = Path.Combine(tuned.Folder, ElastifyStage.Family);
            using ElasticFamily family = ElasticFamily.Load(folder), original = ElasticFamily.Load(Path.Combine(elastified.Folder, ElastifyStage.Family));
            ElasticSpace space = family.Space.Blockwise;
            using StaticRouters start = StaticRouters.Load(Path.Combine(tuned.Folder, FamilyBundle.RoutersName), space);
            ModelConfig config = family.Model.Config;
            LatencyTable table = ProfileStage.Load(profile);
            RoutingCosts costs = RoutingCosts.Of(table, space);
            NetworkSelector selector = ChoiceStage.Selector(choices, config, space, table);
            SubNetwork Baseline(double share) => selector.Select(costs.Target(share) * (1 + 1e-12), table, start.Select(share)).SubNetwork;
            TokenCorpus calibration = CorpusStage.LoadCalibration(corpus, config.VocabularySize);
            var few = new HeldOutLoss(calibration, Math.Min(settings.Corpus.WindowLength, config.ContextLength), settings.Route.LossWindows);
            double range = Math.Max(1e-3, few.Of(family.Model, space.Smallest).Mean - few.Of(family.Model, space.Largest).Mean);
            HeldOutLoss heldOut = TrainStage.HeldOut(settings.Corpus, corpus, config, countsHits: true);
            Tokenizer tokenizer = TokenizerLoader.Load(folder);
            var outcomes = new List<DynamicOutcome>();
            foreach (DynamicRoutingMethod method in settings.DynamicMethods)
            {
                DynamicRouterSettings routing = settings.Dynamic with { Method = method, Seed = seed };
                DynamicArm[] arms = [.. DynamicArm.Of(settings).Where(a => a.Method == method)];
                Judge([.. arms.Where(a => !a.Joint)], family.Model, () => DynamicRouterTrainer.Run(
                    family.Model, start, Baseline, costs, calibration, routing, range, stage.Progress, stage.Cancellation));
                if (!arms.Any(a => a.Joint)) continue;
                // As many steps from the same beginning as the static routers' family had, with tokens routed in place of networks drawn.
                using ElasticFamily apart = ElasticFamily.Load(Path.Combine(trained.Folder, ElastifyStage.Family));
                Judge([.. arms.Where(a => a.Joint)], apart.Model, () => DynamicJointTuning.Run(
                    apart.Model, start, Baseline, costs, calibration, CorpusStage.LoadTrain(corpus, config.VocabularySize), routing, joint, range, original.Model,
                    step => stage.Metrics.Write(step.ToMetrics()), stage.Progress, stage.Cancellation));
                apart.AddTrainedSteps(joint.Training.Steps);
                apart.Save(Path.Combine(stage.Folder, ElastifyStage.Family + "-" + Folder(method)));
            }
            void Judge(DynamicArm[] arms, DecoderModel model, Func<(DynamicRouters Routers, DynamicRoutingReport Report)> train)
            {
                var clock = Stopwatch.StartNew();
                (DynamicRouters routers, DynamicRoutingReport report) = train();
                double seconds = clock.Elapsed.TotalSeconds;
                using (routers)
                {
                    routers.Save(Path.Combine(stage.Folder, Folder(arms[0])));
                    var routed = new DynamicModel(model, space);
                    foreach (DynamicArm arm in arms)
                    {
                        DynamicPoint[] points = [.. RouterStage.Shares(settings.Targets).Select((share, i) =>
                        {
                            stage.Progress.Report(new StageProgress("reading under a budget", i + 1, settings.Targets));
                            return Point(arm, routed, routers, costs, settings.Budget, share, heldOut);
                        })];
                        TokenCompute sample = Sample(arm, routed, routers, costs, settings.Budget, CorpusStage.LoadHeldOut(corpus, config.VocabularySize), tokenizer);
                        outcomes.Add(new DynamicOutcome(arm, report, seconds, points, sample));
                    }
                }
            }
            stage.WriteJson(FileName, outcomes);
        }, version: 4);
    }

    public static IReadOnlyList<DynamicOutcome> Read(StageResult dynamic) => dynamic.ReadJson<DynamicOutcome[]>(FileName);

    public static DynamicRouters Load(StageResult dynamic, DynamicArm arm, ElasticSpace space, int channels) =>
        DynamicRouters.Load(Path.Combine(dynamic.Folder, Folder(arm)), space, channels);

    /// <summary>The family that was trained under routed tokens.</summary>
    public static ElasticFamily LoadFamily(StageResult dynamic, DynamicArm arm) => ElasticFamily.Load(Path.Combine(dynamic.Folder, ElastifyStage.Family + "-" + Folder(arm.Method)));

    /// <summary>Routers with a controller for a batch of sequences at one target.</summary>
    public static RoutedChoices Controlled(DynamicArm arm, DynamicRouters routers, RoutingCosts costs, BudgetSettings budget, double share, long sequences) =>
        new(routers, costs, [.. Enumerable.Repeat(share, (int)sequences)], arm.Keeping, budget);

    private static DynamicPoint Point(DynamicArm arm, DynamicModel model, DynamicRouters routers, RoutingCosts costs, BudgetSettings budget, double share, HeldOutLoss heldOut)
    {
        (double cost, double worst, int sequences) = (0, 0, 0);
        LossEstimate loss = heldOut.Of(ids_BT =>
        {
            RoutedChoices choices = Controlled(arm, routers, costs, budget, share, ids_BT.size(0));
            Tensor logits_BTV = model.Forward(ids_BT.to(model.Model.Device), choices);
            for (int b = 0; b < ids_BT.size(0); b++)
                (cost, worst, sequences) = (cost + choices.Controller!.MeanCost(b), Math.Max(worst, choices.Controller.WorstRatio(b)), sequences + 1);
            return logits_BTV;
        });
        return new DynamicPoint(share, costs.Target(share), loss, cost / sequences, worst, sequences);
    }

    private static TokenCompute Sample(DynamicArm arm, DynamicModel model, DynamicRouters routers, RoutingCosts costs, BudgetSettings budget, TokenCorpus text, Tokenizer tokenizer)
    {
        const double Share = 0.5;
        int length = (int)Math.Min(Math.Min(SampleTokens, model.Model.Config.ContextLength), text.Length - 1);
        using var scope = NewDisposeScope();
        Tensor ids_BT = new WindowSampler(text, length, seed: 0).Windows([0L]).Input_BT;
        RoutedChoices choices = Controlled(arm, routers, costs, budget, Share, 1);
        model.Hidden(ids_BT.to(model.Model.Device), choices);
        int[] ids = [.. ids_BT.data<long>().ToArray().Select(i => (int)i)];
        return new TokenCompute(costs.Target(Share), IncrementalDecoder.Pieces(tokenizer, ids), [.. choices.Controller!.TokenCosts.Select(costs.Normalised)]);
    }

    private static string Folder(DynamicRoutingMethod method) => method.ToString().ToLowerInvariant();

    // Capacities are another use of the same routers.
    private static string Folder(DynamicArm arm) => Folder(arm.Method) + (arm.Joint ? "-joint" : "");
}
