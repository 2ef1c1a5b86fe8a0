using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Ranks, permutes, and checks that nothing but the order has changed.</summary>
internal static class ElastifyStage
{
    public const string Family = "family";
    private const int SliceNetworks = 8;

    public static StageResult Rank(ExperimentRun run, RankSettings settings, StageInput model, StageResult corpus) =>
        run.Stage("rank", new { settings.Metric, settings.MaximumTokens }, [model, corpus], stage =>
        {
            using var network = new DecoderModel(CheckpointLoader.Load(model.Path).Weights);
            TokenCorpus calibration = CorpusStage.LoadCalibration(corpus, network.Config.VocabularySize);
            ImportanceRanker.Rank(network, calibration, settings.Metric, settings.MaximumTokens, progress: stage.Progress).Save(stage.Folder);
        });

    public static StageResult Permute(ExperimentRun run, StageInput model, StageInput tokenizer, StageResult corpus, StageResult ranking) =>
        run.Stage("elastify", null, [model, tokenizer, corpus, ranking], stage =>
        {
            using var original = new DecoderModel(CheckpointLoader.Load(model.Path).Weights);
            LoadedCheckpoint checkpoint = CheckpointLoader.Load(model.Path);
            using ElasticFamily family = ElasticFamily.Create(checkpoint, ImportanceScores.Load(ranking.Folder, checkpoint.Config));
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
