using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Ranks, permutes, and checks that nothing but the order has changed.</summary>
internal static class ElastifyStage
{
    public const string Family = "family";
    private const int SliceNetworks = 8;

    public static StageResult Rank(ExperimentRun run, RankSettings settings, AxisSettings axes, StageInput model, StageResult corpus) =>
        run.Stage("rank", new { settings.Metric, settings.MaximumTokens, DepthWindows = axes.Depths is null ? 0 : axes.DepthWindows }, [model, corpus], stage =>
        {
            using var network = new DecoderModel(CheckpointLoader.Load(model.Path).Weights);
            TokenCorpus calibration = CorpusStage.LoadCalibration(corpus, network.Config.VocabularySize);
            ImportanceScores scores = ImportanceRanker.Rank(network, calibration, settings.Metric, settings.MaximumTokens, progress: stage.Progress);
            if (axes.Depths is not null) scores = scores with { Depth = RankBlocks(axes, network, calibration, stage) };
            scores.Save(stage.Folder);
        });

    private static BlockRanking RankBlocks(AxisSettings axes, DecoderModel network, TokenCorpus calibration, StageContext stage)
    {
        var text = new HeldOutLoss(calibration, ImportanceRanker.WindowLength(network.Config, calibration, new ImportanceSettings().WindowLength), axes.DepthWindows);
        return BlockRanking.Measure(network.Config, n => text.Of(network, n).Mean, stage.Progress, stage.Cancellation);
    }

    public static StageResult Permute(ExperimentRun run, AxisSettings axes, StageInput model, StageInput tokenizer, StageResult corpus, StageResult ranking) =>
        run.Stage("elastify", axes, [model, tokenizer, corpus, ranking], stage =>
        {
            using var original = new DecoderModel(CheckpointLoader.Load(model.Path).Weights);
            LoadedCheckpoint checkpoint = CheckpointLoader.Load(model.Path);
            ImportanceScores scores = ImportanceScores.Load(ranking.Folder, checkpoint.Config);
            using ElasticFamily family = ElasticFamily.Create(checkpoint, scores, ElasticSpace.For(checkpoint.Config, axes.For(checkpoint.Config), scores.Depth?.Order));
            TokenCorpus calibration = CorpusStage.LoadCalibration(corpus, checkpoint.Config.VocabularySize);
            LogitDifference permuted = EquivalenceCheck.OfModels(original, family.Model, calibration);
            double sliced = 0;
            Random random = Seeds.Stream(0, "slice check");
            for (int i = 0; i < SliceNetworks; i++)
                sliced = Math.Max(sliced, EquivalenceCheck.SliceAgainstMask(family.Model, family.Space.Random(random), calibration));
            EquivalenceCheck.Require(permuted, "The reordered network");
            EquivalenceCheck.Require(sliced, "A slice");
            stage.WriteJson("checks.json", new FamilyChecks(permuted, sliced, SliceNetworks));
            family.Save(Path.Combine(stage.Folder, Family), tokenizer.Path);
        });
}
