using Flextron.Data;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Progress;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;
using static TorchSharp.torch;

namespace Flextron.Workbench.Comparisons;

/// <summary>Measures the family before training, and trains and measures one arm with one seed.</summary>
internal static class ArmStage
{
    private const string BeforeFile = "before.json", OutcomeFile = "outcome.json";
    private const int LogEvery = 10;

    /// <summary>Held-out losses before training: of the importance order, and of each seed's random order where an arm has one.</summary>
    public static StageResult Before(ExperimentRun run, JointComparisonSettings settings, IReadOnlyList<MeasuredBudget> budgets, StageResult corpus, StageResult family)
    {
        string[] orders = [.. settings.Arms.Values.Select(a => a.Order).Distinct().Order().SelectMany(o => o == PartOrder.Random ? settings.Seeds.Select(s => OrderKey(o, s)) : [OrderKey(o, 0)])];
        return run.Stage("before", new { orders, settings.MixedBudgets, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows }, [corpus, family], stage =>
        {
            var losses = new Dictionary<string, IReadOnlyDictionary<string, LossEstimate>>();
            foreach ((PartOrder order, long seed) in settings.Arms.Values.SelectMany(a => settings.Seeds.Select(s => (a.Order, s))))
            {
                if (losses.ContainsKey(OrderKey(order, seed))) continue;
                using ElasticFamily elastic = Load(family, order, seed);
                losses[OrderKey(order, seed)] = Measure(settings, corpus, elastic, budgets, stage);
            }
            stage.WriteJson(BeforeFile, losses);
        });
    }

    /// <summary>Trains one arm.</summary>
    public static StageResult Train(ExperimentRun run, JointComparisonSettings settings, ArmPlan plan, IReadOnlyList<MeasuredBudget> budgets, StageResult corpus, StageResult family) =>
        run.Stage(
            $"arm-{plan.Name}-seed{plan.Seed}",
            new
            {
                plan.Training, plan.Settings.Order, plan.Settings.WholeShare, plan.Settings.Only, plan.Settings.Fresh,
                settings.MixedBudgets, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows,
            },
            [corpus, family],
            stage =>
            {
                using ElasticFamily elastic = Load(family, plan.Settings.Order, plan.Seed), original = Load(family, plan.Settings.Order, plan.Seed);
                if (plan.Settings.Fresh) StartAfresh(elastic.Model, plan.Seed);
                double seconds;
                using (var trainer = new JointTrainer(elastic.Model, elastic.Space, plan.Training, original.Model, ArmPlan.Source(plan.Training, plan.Settings, elastic.Space)))
                    seconds = StageTraining.Run(stage, trainer, CorpusStage.LoadTrain(corpus, elastic.Model.Config.VocabularySize), onStep: Log(stage, plan.Training.Steps));
                SubNetwork? alone = plan.Settings.Only is { } share ? elastic.Space.Uniform(share) : null;
                IReadOnlyList<MeasuredBudget> measured = alone is null ? budgets : [budgets.FirstOrDefault(b => b.Network.Equals(alone)) ?? throw new FlextronException(
                    FormattableString.Invariant($"arms.{plan.Name}.only is {plan.Settings.Only}, whose network is not among the budgets: give an eighth, a quarter, … of the whole."))];
                stage.WriteJson(OutcomeFile, new ArmOutcome(plan.Training.Steps, plan.Tokens, plan.Flops, seconds, Measure(settings, corpus, elastic, measured, stage)));
            });

    public static IReadOnlyDictionary<string, IReadOnlyDictionary<string, LossEstimate>> ReadBefore(StageResult before) =>
        before.ReadJson<Dictionary<string, IReadOnlyDictionary<string, LossEstimate>>>(BeforeFile);

    public static ArmOutcome ReadOutcome(StageResult arm) => arm.ReadJson<ArmOutcome>(OutcomeFile);

    /// <summary>Under which name the losses before training are kept.</summary>
    public static string OrderKey(PartOrder order, long seed) => order == PartOrder.Importance ? "importance" : FormattableString.Invariant($"random-{seed}");

    private static ElasticFamily Load(StageResult family, PartOrder order, long seed)
    {
        ElasticFamily elastic = ElasticFamily.Load(Path.Combine(family.Folder, ElastifyStage.Family));
        if (order == PartOrder.Random) WeightPermutation.Apply(elastic.Model.Weights, ImportanceOrder.Random(elastic.Model.Config, seed));
        return elastic;
    }

    private static void StartAfresh(DecoderModel model, long seed)
    {
        using var noGrad = no_grad();
        using DecoderWeights fresh = BaseModelPretraining.Initialise(model.Config, new PretrainingSettings().InitialScale, seed);
        model.Weights.Flat.copy_(fresh.Flat);
    }

    private static Dictionary<string, LossEstimate> Measure(
        JointComparisonSettings settings, StageResult corpus, ElasticFamily elastic, IReadOnlyList<MeasuredBudget> budgets, StageContext stage)
    {
        HeldOutLoss heldOut = TrainStage.HeldOut(settings.Corpus, corpus, elastic.Model.Config);
        IReadOnlyList<LossEstimate> losses = heldOut.Of(elastic.Model, [.. budgets.Select(b => b.Network)], stage.Progress);
        return budgets.Zip(losses).ToDictionary(p => p.First.Label, p => p.Second);
    }

    /// <summary>Writes the mean training loss of every ten steps: enough for a curve, and the file stays small over many arms.</summary>
    public static Action<TrainingStep> Log(StageContext stage, int steps)
    {
        var losses = new List<double>();
        return step =>
        {
            losses.Add(step.Loss);
            if (step.Step % LogEvery != 0 && step.Step != steps) return;
            stage.Metrics.Write(new { step.Step, Loss = losses.Average(), step.LearningRate, step.Tokens });
            losses.Clear();
        };
    }
}
