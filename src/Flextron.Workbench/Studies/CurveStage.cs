using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Routing;
using Flextron.Selection;
using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Chooses a network for every latency target in several ways, and measures loss and latency of each choice.</summary>
internal static class CurveStage
{
    public static StageResult Run(ExperimentRun run, StudySettings settings, StageResult corpus, StageResult routed, StageResult profile) =>
        run.Stage("curve", new { settings.Curve, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows, settings.Route.LossWindows }, [corpus, routed, profile], stage =>
        {
            using ElasticFamily family = ElasticFamily.Load(Path.Combine(routed.Folder, ElastifyStage.Family));
            using StaticRouters routers = StaticRouters.Load(Path.Combine(routed.Folder, FamilyBundle.RoutersName), family.Space);
            ModelConfig config = family.Model.Config;
            LatencyTable table = ProfileStage.Load(profile);
            int length = Math.Min(settings.Corpus.WindowLength, config.ContextLength);
            var calibration = new HeldOutLoss(CorpusStage.LoadCalibration(corpus, config.VocabularySize), length, settings.Route.LossWindows);
            LossSensitivities sensitivities = LossSensitivities.Measure(family.Model, family.Space, calibration, stage.Progress);
            sensitivities.Save(stage.File(FamilyBundle.SensitivitiesName));

            var selector = new NetworkSelector(config, family.Space) { Latency = table, Sensitivities = sensitivities };
            var apart = new HeldOutLoss(CorpusStage.LoadCalibration(corpus, config.VocabularySize), length, 2 * settings.Route.LossWindows, calibration);
            MeasuredNetworks measured = MeasuredNetworks.Measure(family.Model, selector, routers.Select, apart, [.. Shares(settings.Curve.Targets)], stage.Progress, stage.Cancellation);
            measured.Save(stage.File(FamilyBundle.MeasuredName));
            var choosing = new NetworkSelector(config, family.Space) { Latency = table, Sensitivities = sensitivities, Measured = measured };
            var choices = new List<(string Method, double Target, SelectedNetwork Selection)>();
            ICostTable cost = table;
            (double least, double full) = (cost.Cost(family.Space.Blockwise.Smallest), cost.Cost(family.Space.Largest));
            int repaired = 0;
            bool framed = family.Space.Frames.Skip(1).Any();
            var blockwise = new NetworkSelector(config, family.Space.Blockwise) { Latency = table, Sensitivities = sensitivities.Blockwise() };
            foreach (double share in Shares(settings.Curve.Targets))
            {
                double target = share >= 1 ? full : least + share * (full - least);
                SubNetwork proposal = routers.Select(share);
                SelectedNetwork chosen = choosing.Select(target, table, proposal);
                if (!chosen.SubNetwork.Equals(proposal)) repaired++;
                choices.Add((CurvePoint.Router, target, chosen));
                choices.Add((CurvePoint.Knapsack, target, blockwise.Select(target, table)));
                if (framed) choices.Add((CurvePoint.AllAxes, target, selector.Select(target, table)));
                choices.Add((CurvePoint.Uniform, target, selector.SelectUniform(target, table)));
            }
            // Below what the blocks alone can be narrowed to.
            if (framed && cost.Cost(family.Space.Smallest) is var smallest && smallest < least)
                foreach (double share in (double[])[0, 0.5]) choices.Add((CurvePoint.AllAxes, smallest + share * (least - smallest), selector.Select(smallest + share * (least - smallest), table)));
            stage.Say($"{repaired} of {settings.Curve.Targets} router answers were adjusted to their budget");
            SubNetwork[] networks = [.. choices.Select(c => c.Selection.SubNetwork).Distinct()];
            using var runner = new TorchWorkloadRunner(family.Model, table.Key.Workload);
            IReadOnlyList<Quartiles> latencies = EndToEnd.Measure(
                runner, networks, settings.Profile.Table with { Seconds = settings.Curve.Seconds }, progress: stage.Progress, cancellation: stage.Cancellation).Total;
            HeldOutLoss heldOut = TrainStage.HeldOut(settings.Corpus, corpus, config);
            IReadOnlyList<LossEstimate> losses = heldOut.Of(family.Model, networks, stage.Progress);
            stage.WriteJson("curve.json", choices.Select(c =>
            {
                int i = Array.IndexOf(networks, c.Selection.SubNetwork);
                return new CurvePoint(c.Method, c.Target, networks[i], c.Selection.Cost, latencies[i], losses[i], c.Selection.Parameters);
            }).ToArray());
        }, version: 2, measures: true);

    public static IReadOnlyList<CurvePoint> Points(StageResult curve) => curve.ReadJson<CurvePoint[]>("curve.json");

    /// <summary>Targets between the smallest (0) and the whole network (1), evenly.</summary>
    private static IEnumerable<double> Shares(int count) => Enumerable.Range(0, count).Select(i => count == 1 ? 1 : i / (count - 1.0));
}
