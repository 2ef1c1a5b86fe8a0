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

    public static StageResult Run(ExperimentRun run, RoutingComparisonSettings settings, long seed, StageResult corpus, StageResult tuned, StageResult profile, StageResult choices)
    {
        object key = new { settings.Dynamic, settings.DynamicMethods, settings.Budget, settings.Targets, settings.Route.LossWindows, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows, seed };
        return run.Stage(FormattableString.Invariant($"dynamic-{seed}"), key, [corpus, tuned, profile, choices], stage =>
        {
            string folder = Path.Combine(tuned.Folder, ElastifyStage.Family);
            using ElasticFamily family = ElasticFamily.Load(folder);
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
                var clock = Stopwatch.StartNew();
                (DynamicRouters routers, DynamicRoutingReport report) = DynamicRouterTrainer.Run(
                    family.Model, start, Baseline, costs, calibration, settings.Dynamic with { Method = method, Seed = seed }, range, stage.Progress, stage.Cancellation);
                double seconds = clock.Elapsed.TotalSeconds;
                using (routers)
                {
                    routers.Save(Path.Combine(stage.Folder, Folder(method)));
                    var model = new DynamicModel(family.Model, space);
                    DynamicPoint[] points = [.. RouterStage.Shares(settings.Targets).Select((share, i) =>
                    {
                        stage.Progress.Report(new StageProgress("reading under a budget", i + 1, settings.Targets));
                        return Point(model, routers, costs, settings.Budget, share, heldOut);
                    })];
                    TokenCompute sample = Sample(model, routers, costs, settings.Budget, CorpusStage.LoadHeldOut(corpus, config.VocabularySize), tokenizer);
                    outcomes.Add(new DynamicOutcome(report, seconds, points, sample));
                }
            }
            stage.WriteJson(FileName, outcomes);
        }, version: 3);
    }

    public static IReadOnlyList<DynamicOutcome> Read(StageResult dynamic) => dynamic.ReadJson<DynamicOutcome[]>(FileName);

    public static DynamicRouters Load(StageResult dynamic, DynamicRoutingMethod method, ElasticSpace space, int channels) =>
        DynamicRouters.Load(Path.Combine(dynamic.Folder, Folder(method)), space, channels);

    /// <summary>Routers with a controller for a batch of sequences at one target.</summary>
    public static RoutedChoices Controlled(DynamicRouters routers, RoutingCosts costs, BudgetSettings budget, double share, long sequences) =>
        new(routers, costs, [.. Enumerable.Repeat(share, (int)sequences)], controlled: true, budget);

    private static DynamicPoint Point(DynamicModel model, DynamicRouters routers, RoutingCosts costs, BudgetSettings budget, double share, HeldOutLoss heldOut)
    {
        (double cost, double worst, int sequences) = (0, 0, 0);
        LossEstimate loss = heldOut.Of(ids_BT =>
        {
            RoutedChoices choices = Controlled(routers, costs, budget, share, ids_BT.size(0));
            Tensor logits_BTV = model.Forward(ids_BT.to(model.Model.Device), choices);
            for (int b = 0; b < ids_BT.size(0); b++)
                (cost, worst, sequences) = (cost + choices.Controller!.MeanCost(b), Math.Max(worst, choices.Controller.WorstRatio(b)), sequences + 1);
            return logits_BTV;
        });
        return new DynamicPoint(share, costs.Target(share), loss, cost / sequences, worst, sequences);
    }

    private static TokenCompute Sample(DynamicModel model, DynamicRouters routers, RoutingCosts costs, BudgetSettings budget, TokenCorpus text, Tokenizer tokenizer)
    {
        const double Share = 0.5;
        int length = (int)Math.Min(Math.Min(SampleTokens, model.Model.Config.ContextLength), text.Length - 1);
        using var scope = NewDisposeScope();
        Tensor ids_BT = new WindowSampler(text, length, seed: 0).Windows([0L]).Input_BT;
        RoutedChoices choices = Controlled(routers, costs, budget, Share, 1);
        model.Hidden(ids_BT.to(model.Model.Device), choices);
        int[] ids = [.. ids_BT.data<long>().ToArray().Select(i => (int)i)];
        return new TokenCompute(costs.Target(Share), IncrementalDecoder.Pieces(tokenizer, ids), [.. choices.Controller!.TokenCosts.Select(costs.Normalised)]);
    }

    private static string Folder(DynamicRoutingMethod method) => method.ToString().ToLowerInvariant();
}
