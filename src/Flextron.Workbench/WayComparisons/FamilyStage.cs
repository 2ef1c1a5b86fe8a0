using System.Diagnostics;
using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Selection;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;
using static TorchSharp.torch;

namespace Flextron.Workbench.WayComparisons;

/// <summary>
/// Chooses one seed's sub-networks for evenly spaced latency targets, on calibration text: of the exact optimum by the table and the measured sensitivities, and the best
/// uniform networks that fit, the better. Beside them what a learned router chooses for the same targets, and the uniform ones of the models that were trained alone.
/// </summary>
internal static class FamilyStage
{
    private const string ChoicesFile = "choices.json", RouterFile = "router.json";

    public static StageResult Choose(ExperimentRun run, WayComparisonSettings settings, long seed, StageResult corpus, StageResult family, StageResult trained, StageResult profile)
    {
        double[] shares = [.. settings.Arms.Values.Where(a => a.Way == Way.Alone).Select(a => a.Share!.Value).Append(1).Distinct().Order()];
        RouteSettings? route = settings.Route?.WithSeed(seed);
        object key = new { settings.Targets, settings.ChoiceWindows, shares, route, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows };
        return run.Stage(FormattableString.Invariant($"choices-seed{seed}"), key, [corpus, family, trained, profile], stage =>
        {
            using ElasticFamily original = WayStage.Original(family);
            using WayNetwork network = WayStage.Network(trained);
            (DecoderModel model, ElasticSpace space) = (network.Model, original.Space.Blockwise);
            LatencyTable table = ProfileStage.Load(profile);
            ICostTable cost = table;
            int length = Math.Min(settings.Corpus.WindowLength, model.Config.ContextLength);
            var calibration = new HeldOutLoss(CorpusStage.LoadCalibration(corpus, model.Config.VocabularySize), length, settings.ChoiceWindows);
            LossSensitivities sensitivities = LossSensitivities.Measure(model, space, calibration, stage.Progress, stage.Cancellation);
            var selector = new NetworkSelector(model.Config, space) { Latency = table, Sensitivities = sensitivities };
            var known = new Dictionary<SubNetwork, double>();
            double Loss(SubNetwork one) => known.TryGetValue(one, out double loss) ? loss : known[one] = calibration.Of(model, one).Mean;
            (double least, double full) = (cost.Cost(space.Smallest), cost.Cost(space.Largest));
            double[] targetShares = [.. Enumerable.Range(0, settings.Targets).Select(i => i / (settings.Targets - 1.0))];
            double Target(double share) => share >= 1 ? full : least + share * (full - least);
            string Label(double share) => string.Create(CultureInfo.InvariantCulture, $"{Target(share) / full:0 %} of the latency");
            var chosen = new List<(string Label, FamilyWay Way, SubNetwork Network)>();
            foreach (double share in targetShares)
                chosen.Add((Label(share), FamilyWay.Selected, selector.Uniforms(Target(share), table).Prepend(selector.Select(Target(share), table).SubNetwork).MinBy(Loss)!));
            if (route is not null)
            {
                using (no_grad()) original.Model.Weights.Flat.copy_(model.Weights.Flat);
                var clock = Stopwatch.StartNew();
                (StaticRouters routers, RoutingReport report) = RouterTraining.TrainRouters(
                    original, table, CorpusStage.LoadCalibration(corpus, model.Config.VocabularySize), route, stage.Progress, stage.Cancellation);
                stage.WriteJson(RouterFile, new RouterCost(report.LmOperations, clock.Elapsed.TotalSeconds, report.HeldOut?.Spearman));
                using (routers)
                    // Its answer, filled up or cut to the target as every choice within a budget is.
                    foreach (double share in targetShares)
                        chosen.Add(($"routed for {Label(share)}", FamilyWay.Routed, selector.Select(Target(share), table, routers.Select(share)).SubNetwork));
            }
            foreach (double share in shares) chosen.Add((UniformLabel(share), FamilyWay.Uniform, space.Uniform(share)));
            SubNetwork[] networks = [.. chosen.Select(c => c.Network).Distinct()];
            HeldOutLoss heldOut = TrainStage.HeldOut(settings.Corpus, corpus, model.Config);
            Dictionary<SubNetwork, LossEstimate> losses = networks.Zip(heldOut.Of(model, networks, stage.Progress)).ToDictionary(p => p.First, p => p.Second);
            ICostTable parameters = AnalyticCosts.Parameters(model.Config);
            stage.WriteJson(ChoicesFile, chosen.Select(c => new FamilyChoice(c.Label, c.Way, c.Network, cost.Cost(c.Network), (long)parameters.Cost(c.Network), losses[c.Network])).ToArray());
        });
    }

    /// <summary>What the network that keeps a share of every block is called.</summary>
    public static string UniformLabel(double share) => string.Create(CultureInfo.InvariantCulture, $"uniform {share:0.###}");

    public static FamilyChoice[] Read(StageResult choices) => choices.ReadJson<FamilyChoice[]>(ChoicesFile);

    /// <summary>What learning the router took.</summary>
    public static RouterCost ReadRouter(StageResult choices) => choices.ReadJson<RouterCost>(RouterFile);
}
