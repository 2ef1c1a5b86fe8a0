using Flextron.Checkpoints;
using Flextron.CrossArchitecture;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>Measures the Transformer, and trains and measures one arm with one seed.</summary>
internal static class TransferStage
{
    private const string OriginalFile = "original.json", OutcomeFile = "outcome.json", Whole = "whole";

    /// <summary>Held-out loss of the pretrained Transformer, which the arms started from.</summary>
    public static StageResult Original(ExperimentRun run, TransferComparisonSettings settings, StageInput model, StageResult corpus) =>
        run.Stage("original", new { settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows }, [model, corpus], stage =>
        {
            using var original = new DecoderModel(CheckpointLoader.Load(model.Path).Weights);
            stage.WriteJson(OriginalFile, HeldOut(settings, corpus, original.Config).Of(original, original.FullNetwork));
        });

    /// <summary>Trains one arm.</summary>
    public static StageResult Train(ExperimentRun run, TransferComparisonSettings settings, string name, long seed, StageInput model, StageResult corpus)
    {
        TransferArm arm = settings.Arms[name];
        JointTrainingSettings training = settings.Training with { Seed = seed, LearningRate = arm.LearningRate ?? settings.Training.LearningRate };
        return run.Stage(
            FormattableString.Invariant($"arm-{name}-seed{seed}"), new { arm, training, settings.Corpus.WindowLength, settings.Corpus.HeldOutWindows }, [model, corpus], stage =>
            {
                using DecoderWeights pretrained = CheckpointLoader.Load(model.Path).Weights;
                using TransferredModel transferred = ArchitectureTransfer.Create(pretrained, arm.Transfer(seed));
                using var linear = new DecoderModel(transferred.Weights, ownsWeights: false);
                HeldOutLoss heldOut = HeldOut(settings, corpus, linear.Config);
                var budgets = new Dictionary<string, SubNetwork> { [Whole] = linear.FullNetwork };
                FreezeSchedule? freeze = arm.Freeze is null ? null : new FreezeSchedule(transferred.Transferred, arm.Freeze);
                var counted = new StepFlops(transferred.Weights, Math.Min(training.SequenceLength, linear.Config.ContextLength));
                // Operations of a step, by the stages that are free.
                double[] each = [.. Enumerable.Range(0, FreezeSchedule.Stages + 1).Select(
                    free => counted.Step(training.BatchSize * training.BatchesPerStep, name => freeze?.IsFrozenWith(name, free) == true))];
                double before = heldOut.Of(linear, linear.FullNetwork).Mean, flops = 0, seconds = 0;
                var points = new List<TransferPoint>();
                using (var trainer = new JointTrainer(linear, ElasticSpace.For(linear.Config), training, freeze: freeze))
                {
                    StageTraining.Run(stage, trainer, CorpusStage.LoadTrain(corpus, linear.Config.VocabularySize), heldOut, budgets, step =>
                    {
                        // What a step releases is free from the next on; the schedule may be further already, of a training that goes on.
                        flops += each[freeze?.ReleasedAfter(step.Step - 1) ?? 0];
                        seconds += step.Seconds;
                        if (step.HeldOut is not { } measured) return;
                        points.Add(new TransferPoint(step.Step, flops, seconds, measured[Whole]));
                        stage.Metrics.Write(new { step.Step, step.Tokens, step.Loss, HeldOut = measured[Whole].Mean, Flops = flops, Released = freeze?.ReleasedAfter(step.Step) });
                    });
                }
                stage.WriteJson(OutcomeFile, new TransferOutcome(transferred.Weights.ParameterCount, transferred.TransferredParameters, before, points, freeze?.Releases ?? []));
            }, version: 2);
    }

    public static LossEstimate ReadOriginal(StageResult original) => original.ReadJson<LossEstimate>(OriginalFile);

    public static TransferOutcome ReadOutcome(StageResult arm) => arm.ReadJson<TransferOutcome>(OutcomeFile);

    private static HeldOutLoss HeldOut(TransferComparisonSettings settings, StageResult corpus, ModelConfig config) => TrainStage.HeldOut(settings.Corpus, corpus, config);
}
