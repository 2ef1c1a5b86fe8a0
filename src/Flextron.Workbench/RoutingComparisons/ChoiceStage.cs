using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Routing;
using Flextron.Selection;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>What the router and the controls choose on one seed's fine-tuned family. All of them know the same calibration text and the same table.</summary>
internal static class ChoiceStage
{
    public const string FileName = "choices.json";

    public static StageResult Run(ExperimentRun run, RoutingComparisonSettings settings, long seed, StageResult corpus, StageResult tuned, StageResult profile)
    {
        EvolutionSettings evolution = settings.Evolution with { Seed = seed };
        object key = new { evolution, settings.Targets, settings.RandomTargets, settings.Route.LossWindows, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows, seed };
        return run.Stage(FormattableString.Invariant($"choices-{seed}"), key, [corpus, tuned, profile], stage =>
        {
            using ElasticFamily family = ElasticFamily.Load(Path.Combine(tuned.Folder, ElastifyStage.Family));
            ElasticSpace space = family.Space.Blockwise;
            using StaticRouters routers = StaticRouters.Load(Path.Combine(tuned.Folder, FamilyBundle.RoutersName), space);
            ModelConfig config = family.Model.Config;
            LatencyTable table = ProfileStage.Load(profile);
            ICostTable cost = table;
            TokenCorpus text = CorpusStage.LoadCalibration(corpus, config.VocabularySize);
            int length = Math.Min(settings.Corpus.WindowLength, config.ContextLength);
            var calibration = new HeldOutLoss(text, length, settings.Route.LossWindows);
            LossSensitivities sensitivities = LossSensitivities.Measure(family.Model, space, calibration, stage.Progress, stage.Cancellation);
            sensitivities.Save(stage.File(FamilyBundle.SensitivitiesName));
            var selector = new NetworkSelector(config, space) { Latency = table, Sensitivities = sensitivities };
            (double least, double full) = (cost.Cost(space.Smallest), cost.Cost(space.Largest));
            double Target(double share) => share >= 1 ? full : least + share * (full - least);

            // The harder uniform control: of the widest pairs of widths that fit, the one that is best on the calibration text, not just the widest.
            var uniformLoss = new Dictionary<SubNetwork, double>();
            double Known(SubNetwork network) => uniformLoss.TryGetValue(network, out double loss) ? loss : uniformLoss[network] = calibration.Of(family.Model, network).Mean;
            SubNetwork Uniform(double target) => selector.Uniforms(target, table).MinBy(Known)!;

            // The router is followed where windows that it has not learned from speak for it; the text that is reported on has no say.
            var apart = new HeldOutLoss(text, length, 2 * settings.Route.LossWindows, calibration);
            MeasuredNetworks measuredChoices = MeasuredNetworks.Measure(
                family.Model, selector, routers.Select, apart, RouterStage.Shares(2 * settings.Targets - 1), stage.Progress, stage.Cancellation);
            measuredChoices.Save(stage.File(FamilyBundle.MeasuredName));
            var routed = new NetworkSelector(config, space) { Latency = table, Sensitivities = sensitivities, Measured = measuredChoices };

            int measured = 0;
            var search = new EvolutionarySearch(selector.Grid, cost, network =>
            {
                stage.Cancellation.ThrowIfCancellationRequested();
                stage.Progress.Report(new StageProgress("evolutionary search", ++measured, settings.Targets * evolution.Evaluations));
                return calibration.Of(family.Model, network).Mean;
            }, evolution);
            var chosen = new List<(string Way, double Target, SubNetwork Network)>();
            (int repaired, int overruled) = (0, 0);
            foreach (double share in RouterStage.Shares(settings.Targets))
            {
                double target = Target(share);
                SubNetwork proposal = routers.Select(share), repair = selector.Select(target, table, proposal).SubNetwork, choice = routed.Select(target, table, proposal).SubNetwork;
                if (!repair.Equals(proposal)) repaired++;
                if (!choice.Equals(repair)) overruled++;
                chosen.Add((ChosenNetwork.Router, target, choice));
                chosen.Add((ChosenNetwork.Uniform, target, Uniform(target)));
                chosen.Add((ChosenNetwork.LeastSlope, target, LeastSlope.Select(selector.Grid, table, target)));
                chosen.Add((ChosenNetwork.Evolution, target, search.Run(target).Network));
                chosen.Add((ChosenNetwork.Knapsack, target, selector.Select(target, table).SubNetwork));
            }
            (string Way, double Target, SubNetwork Network)[] curve = [.. RouterStage.Shares(2 * settings.Targets - 1).Select(share => (ChosenNetwork.Uniform, Target(share), Uniform(Target(share))))];
            Random random = Seeds.Stream(seed, "random targets");
            RandomTarget[] targets = [.. Enumerable.Range(0, settings.RandomTargets).Select(_ =>
            {
                double share = random.NextDouble(), target = Target(share);
                SelectedNetwork selected = routed.Select(target, table, routers.Select(share));
                return new RandomTarget(target, selected.SubNetwork, selected.Cost);
            })];
            SubNetwork[] networks = [.. chosen.Concat(curve).Select(c => c.Network).Distinct()];
            HeldOutLoss heldOut = TrainStage.HeldOut(settings.Corpus, corpus, config, countsHits: true);
            Dictionary<SubNetwork, LossEstimate> losses = networks.Zip(heldOut.Of(family.Model, networks, stage.Progress)).ToDictionary(p => p.First, p => p.Second);
            ChosenNetwork Of((string Way, double Target, SubNetwork Network) c) => new(c.Way, c.Target, c.Network, cost.Cost(c.Network), losses[c.Network]);
            stage.WriteJson(FileName, new SeedChoices([.. chosen.Select(Of)], [.. curve.Select(Of)], targets, search.Measured, repaired, overruled));
        }, version: 2);
    }

    /// <summary>The selector that the router's choices were made with.</summary>
    public static NetworkSelector Selector(StageResult choices, ModelConfig config, ElasticSpace space, LatencyTable table) => new(config, space)
    {
        Latency = table,
        Sensitivities = LossSensitivities.Load(choices.File(FamilyBundle.SensitivitiesName), space),
        Measured = MeasuredNetworks.Load(choices.File(FamilyBundle.MeasuredName), space),
    };

    public static SeedChoices Read(StageResult choices) => choices.ReadJson<SeedChoices>(FileName);
}
