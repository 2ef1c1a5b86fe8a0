using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Selection;
using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Routers through the surrogate, then LM and routers together.</summary>
internal static class RouteStage
{
    public static StageResult Run(ExperimentRun run, StudySettings settings, StageResult corpus, StageResult elastified, StageResult trained, StageResult profile) =>
        run.Stage("route", new { settings.Route, settings.Corpus.WindowLength }, [corpus, elastified, trained, profile], stage =>
        {
            using ElasticFamily family = ElasticFamily.Load(Path.Combine(trained.Folder, ElastifyStage.Family));
            using ElasticFamily original = ElasticFamily.Load(Path.Combine(elastified.Folder, ElastifyStage.Family));
            ModelConfig config = family.Model.Config;
            RoutingCosts costs = Costs(ProfileStage.Load(profile), family.Space);
            int length = Math.Min(settings.Corpus.WindowLength, config.ContextLength);
            var calibration = new HeldOutLoss(CorpusStage.LoadCalibration(corpus, config.VocabularySize), length, settings.Route.LossWindows);
            using SurrogateRouterResult routed = SurrogateRouterTrainer.Run(
                family.Space, costs, network => calibration.Of(family.Model, network).Mean, settings.Route.Surrogate, stage.Progress, stage.Cancellation);
            stage.WriteJson("routing.json", routed.Report);
            JointRouterTuning.Run(
                family.Model, routed.Routers, costs, CorpusStage.LoadTrain(corpus, config.VocabularySize), settings.Route.Joint, routed.Report.LossScale, original.Model,
                step => TrainStage.Record(stage.Metrics, step), progress: stage.Progress, cancellation: stage.Cancellation);
            family.AddTrainedSteps(settings.Route.Joint.Training.Steps);
            family.Save(Path.Combine(stage.Folder, ElastifyStage.Family));
            routed.Routers.Save(Path.Combine(stage.Folder, FamilyBundle.RoutersName));
        });

    public static RoutingCosts Costs(LatencyTable table, ElasticSpace space)
    {
        ICostTable costs = table;
        return new RoutingCosts(costs.Fixed, costs.AttentionCosts(space), costs.MlpCosts(space));
    }
}
