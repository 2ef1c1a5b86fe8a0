using Flextron.Data;
using Flextron.Dropping;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Training;
using Flextron.Workbench.Comparisons;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.WayComparisons;

/// <summary>Trains and measures one arm with one seed.</summary>
internal static class WayStage
{
    private const string OutcomeFile = "outcome.json", NetworkFolder = "network";

    public static StageResult Train(ExperimentRun run, WayComparisonSettings settings, WayPlan plan, StageResult corpus, StageResult family)
    {
        int? calibration = plan.Arm.Way == Way.Drop ? settings.Rank.MaximumTokens : null;
        object key = new { plan.Arm, plan.Training, plan.Operations, calibration, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows };
        return run.Stage(plan.Stage, key, [corpus, family], stage =>
        {
            using ElasticFamily original = Original(family);
            int vocabulary = original.Model.Config.VocabularySize;
            PartSimilarities Similarities() => PartSimilarities.Measure(
                original.Model, CorpusStage.LoadCalibration(corpus, vocabulary), new ImportanceSettings { MaximumTokens = settings.Rank.MaximumTokens }, stage.Progress);
            using WayNetwork network = WayNetwork.Of(plan.Arm, plan.Seed, original, Similarities);
            HeldOutLoss heldOut = TrainStage.HeldOut(settings.Corpus, corpus, original.Model.Config);
            LossEstimate before = network.Loss(heldOut);
            JointTrainingSettings training = plan.Resolved(Spent(plan.Training with { Steps = 1 }, network, original).Flops);
            ISubNetworkSource? source = plan.Arm.Way == Way.Flextron ? null : new SingleNetwork(network.Network);
            double seconds;
            using (var trainer = new JointTrainer(
                network.Model, original.Space, training, training.DistillationWeight > 0 ? original.Model : null, source,
                pass: network.Mixture is { } routed ? (_, gradients) => new MixturePass(routed, gradients, training) : null))
                seconds = StageTraining.Run(stage, trainer, CorpusStage.LoadTrain(corpus, vocabulary), onStep: ArmStage.Log(stage, training.Steps));
            LossEstimate? topK = network.Mixture is { } mixture ? heldOut.Of(ids_BT => mixture.Forward(ids_BT, TopTokens.ByRouter(mixture.Settings), network.Network)) : null;
            (long tokens, double flops) = Spent(training, network, original);
            stage.WriteJson(OutcomeFile, new WayOutcome(network.Parameters, training.Steps, tokens, flops, seconds, network.Network, before, network.Loss(heldOut), topK));
            network.Save(Path.Combine(stage.Folder, NetworkFolder));
        });
    }

    public static WayOutcome Read(StageResult arm) => arm.ReadJson<WayOutcome>(OutcomeFile);

    /// <summary>The trained network.</summary>
    public static WayNetwork Network(StageResult arm) => WayNetwork.Load(Path.Combine(arm.Folder, NetworkFolder), Read(arm).Network);

    /// <summary>The base, its parts ordered by importance.</summary>
    public static ElasticFamily Original(StageResult family) => ElasticFamily.Load(Path.Combine(family.Folder, ElastifyStage.Family));

    /// <summary>Operations of the family's training.</summary>
    public static double FamilyFlops(WayPlan plan, StageResult family)
    {
        using ElasticFamily original = Original(family);
        return Spent(plan.Training, new WayNetwork(original.Model, original.Model.FullNetwork), original).Flops;
    }

    /// <summary>Tokens and operations of a training: three forward passes of what is trained, one of a teacher.</summary>
    internal static (long Tokens, double Flops) Spent(JointTrainingSettings training, WayNetwork network, ElasticFamily original)
    {
        ModelConfig config = network.Model.Config;
        int length = Math.Min(training.SequenceLength, config.ContextLength);
        long sequences = (long)training.Steps * training.BatchesPerStep * training.BatchSize;
        double teacher = training.DistillationWeight > 0 ? new TrainingFlops(original.Model.Config, length).Forward(original.Model.FullNetwork) : 0, forward;
        if (network.Mixture is { } mixture)
        {
            forward = new MixtureCosts(config, mixture.Settings).ForwardFlops(length, network.Network);
        }
        else
        {
            var counted = new TrainingFlops(config, length);
            var sampled = new SubNetworkSampler(original.Space, training.Strategy, training.NetworksPerStep, training.UniformShare, training.Seed);
            forward = training.Strategy == SamplingStrategy.Full ? counted.Forward(network.Network)
                : Enumerable.Range(0, training.Steps).Sum(step => sampled.At(step).Sum(counted.Forward)) / Math.Max(1, training.Steps);
        }
        return (sequences * length, sequences * (3 * forward + teacher));
    }
}
