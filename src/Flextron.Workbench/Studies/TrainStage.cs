using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Joint continued-training of the family.</summary>
internal static class TrainStage
{
    /// <summary>The label of the whole network among the budgets.</summary>
    public const string WholeLabel = "1";

    public static StageResult Run(ExperimentRun run, StudySettings settings, StageResult corpus, StageResult family) =>
        run.Stage("train", new { settings.Training, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows }, [corpus, family], stage =>
        {
            string source = Path.Combine(family.Folder, ElastifyStage.Family);
            using ElasticFamily elastic = ElasticFamily.Load(source), original = ElasticFamily.Load(source);
            int vocabulary = elastic.Model.Config.VocabularySize;
            HeldOutLoss heldOut = HeldOut(settings.Corpus, corpus, elastic.Model.Config);
            Dictionary<string, SubNetwork> budgets = UniformBudgets(elastic.Space);
            Dictionary<string, LossEstimate> Measure() => budgets.ToDictionary(b => b.Key, b => heldOut.Of(elastic.Model, b.Value));

            ElasticFrame[] frames = [.. elastic.Space.Frames];
            SubNetwork[] framed = frames.Length == 1 ? [] : [.. frames.Select(f => elastic.Space.Within(f, _ => elastic.Space.Largest.Blocks[0]))];

            Dictionary<string, LossEstimate> before = Measure();
            IReadOnlyList<LossEstimate> framedBefore = heldOut.Of(elastic.Model, framed);
            double seconds;
            using (var trainer = new JointTrainer(elastic.Model, elastic.Space, settings.Training, original.Model))
                seconds = StageTraining.Run(stage, trainer, CorpusStage.LoadTrain(corpus, vocabulary), heldOut, budgets, step => stage.Metrics.Write(step.ToMetrics()));
            elastic.AddTrainedSteps(settings.Training.Steps);
            elastic.Save(Path.Combine(stage.Folder, ElastifyStage.Family));
            IReadOnlyList<LossEstimate> framedAfter = heldOut.Of(elastic.Model, framed);
            ICostTable parameters = AnalyticCosts.Parameters(elastic.Model.Config);
            stage.WriteJson("losses.json", new TrainingOutcome(before, Measure(), settings.Training.Steps, seconds)
            {
                Frames = framed.Length == 0 ? null : [.. frames.Select((f, i) => new FrameOutcome(
                    f.Width ?? elastic.Model.Config.HiddenSize, f.Depth, (long)parameters.Cost(framed[i]), framedBefore[i], framedAfter[i]))],
            });
        });

    /// <summary>The grid of uniform budgets that losses are followed at: an eighth to the whole.</summary>
    public static Dictionary<string, SubNetwork> UniformBudgets(ElasticSpace space) =>
        Enumerable.Range(1, 8).Reverse().Select(i => i / 8.0).Select(share => (Label: share.ToString("0.###", CultureInfo.InvariantCulture), Network: space.Uniform(share)))
            .DistinctBy(b => b.Network).Reverse().ToDictionary(b => b.Label, b => b.Network);

    public static double Share(string label) => double.Parse(label, CultureInfo.InvariantCulture);

    public static HeldOutLoss HeldOut(CorpusSettings settings, StageResult corpus, ModelConfig config, bool countsHits = false) =>
        new(CorpusStage.LoadHeldOut(corpus, config.VocabularySize), Math.Min(settings.WindowLength, config.ContextLength), settings.HeldOutWindows) { CountsHits = countsHits };
}
