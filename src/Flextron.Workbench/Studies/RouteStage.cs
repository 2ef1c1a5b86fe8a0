using Flextron.Elastic;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Selection;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Routers through the surrogate, then LM and routers together.</summary>
internal static class RouteStage
{
    public static StageResult Run(ExperimentRun run, RouteSettings settings, StageResult corpus, StageResult elastified, StageResult trained, StageResult profile) =>
        run.Stage("route", settings, [corpus, elastified, trained, profile], stage =>
        {
            using ElasticFamily family = ElasticFamily.Load(Path.Combine(trained.Folder, ElastifyStage.Family));
            using ElasticFamily original = ElasticFamily.Load(Path.Combine(elastified.Folder, ElastifyStage.Family));
            ModelConfig config = family.Model.Config;
            (StaticRouters routers, RoutingReport report) = RouterTraining.Run(
                family, ProfileStage.Load(profile), CorpusStage.LoadCalibration(corpus, config.VocabularySize), CorpusStage.LoadTrain(corpus, config.VocabularySize),
                settings, original.Model, step => stage.Metrics.Write(step.ToMetrics()), stage.Progress, stage.Cancellation);
            using (routers) routers.Save(Path.Combine(stage.Folder, FamilyBundle.RoutersName));
            stage.WriteJson("routing.json", report);
            family.Save(Path.Combine(stage.Folder, ElastifyStage.Family));
        });
}
