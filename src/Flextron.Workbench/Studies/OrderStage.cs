using Flextron.Checkpoints;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Does the order matter? Prefixes by importance against the checkpoint's own order and random ones, before training.</summary>
internal static class OrderStage
{
    public static StageResult Run(ExperimentRun run, StudySettings settings, StageInput model, StageResult corpus, StageResult family) =>
        run.Stage("orders", new { settings.Rank.RandomOrders, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows }, [model, corpus, family], stage =>
        {
            using ElasticFamily elastic = ElasticFamily.Load(Path.Combine(family.Folder, ElastifyStage.Family));
            ElasticSpace space = elastic.Space;
            HeldOutLoss heldOut = TrainStage.HeldOut(settings.Corpus, corpus, elastic.Model.Config);
            SubNetwork[] widths = [.. TrainStage.UniformBudgets(space).Values];
            int total = settings.Rank.RandomOrders + 2, done = 0;
            LossEstimate[] Measure(DecoderModel network)
            {
                LossEstimate[] losses = [.. widths.Select(w => heldOut.Of(network, w))];
                stage.Progress.Report(new StageProgress("orders", ++done, total));
                return losses;
            }

            LossEstimate[] Ordered(ImportanceOrder? order)
            {
                stage.Cancellation.ThrowIfCancellationRequested();
                using var network = new DecoderModel(CheckpointLoader.Load(model.Path).Weights);
                if (order is not null) WeightPermutation.Apply(network.Weights, order);
                return Measure(network);
            }

            LossEstimate[] importance = Measure(elastic.Model), original = Ordered(null);
            LossEstimate[][] random = [.. Enumerable.Range(1, settings.Rank.RandomOrders).Select(seed => Ordered(ImportanceOrder.Random(elastic.Model.Config, seed)))];
            stage.WriteJson("orders.json", TrainStage.UniformBudgets(space).Keys.Select((label, i) =>
                new OrderComparison(TrainStage.Share(label), importance[i], original[i], [.. random.Select(r => r[i])])).ToArray());
        });
}
