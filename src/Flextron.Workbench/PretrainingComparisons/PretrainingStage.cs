using Flextron.Data;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.PretrainingComparisons;

/// <summary>Trains and measures one arm with one seed.</summary>
internal static class PretrainingStage
{
    private const string OutcomeFile = "outcome.json";

    /// <summary>The text, as much as the arm that reads most of it needs.</summary>
    public static StageResult Corpus(ExperimentRun run, PretrainingComparisonSettings settings) => WorldStage.Run(
        run, settings.WorldSeed, settings.Pretraining.VocabularySize, settings.Pretraining.TokenizerCharacters,
        settings.Arms.Values.Max(arm => (long)PretrainingPlan.Of(settings, arm, settings.Seeds[0]).Settings.Tokens) + 1, (long)settings.HeldOutWindows * settings.Pretraining.ContextLength + 1);

    /// <summary>Trains.</summary>
    public static StageResult Train(ExperimentRun run, PretrainingComparisonSettings settings, string name, long seed, StageResult corpus)
    {
        PretrainingPlan plan = PretrainingPlan.Of(settings, settings.Arms[name], seed);
        return run.Stage(FormattableString.Invariant($"arm-{name}-seed{seed}"), new { plan.Settings, settings.HeldOutWindows }, [corpus], stage =>
        {
            WorldStage.TokenizerShape tokenizer = WorldStage.Tokenizer(corpus);
            using var model = new DecoderModel(BaseModelPretraining.Initialise(plan.Settings.Model(tokenizer.Size, tokenizer.Boundary), plan.Settings.InitialScale, seed));
            var heldOut = new HeldOutLoss(WorldStage.HeldOut(corpus), plan.Settings.ContextLength, settings.HeldOutWindows);
            (var steps, var losses) = (new List<int>(), new List<LossEstimate>());
            void Part(string part, JointTrainer trainer, TokenCorpus text, HeldOutLoss measured, IReadOnlyDictionary<string, SubNetwork> budgets, Action<TrainingStep> hear) =>
                StageTraining.Run(stage, trainer, text, measured, budgets, hear, part);
            BaseModelPretraining.Train(model, plan.Settings, WorldStage.Train(corpus), heldOut, Part, step =>
            {
                if (step.HeldOut is not { } measured) return;
                steps.Add(step.Step);
                losses.Add(measured[BaseModelPretraining.WholeLabel]);
                stage.Metrics.Write(new { step.Step, step.Tokens, step.Loss, HeldOut = losses[^1].Mean, Teraflops = plan.FlopsAt(step.Step) / 1e12 });
            });
            stage.WriteJson(OutcomeFile, new PretrainingOutcome(model.Weights.ParameterCount, plan.Settings.Tokens, plan.Flops, steps, [.. steps.Select(plan.FlopsAt)], losses));
        });
    }

    public static PretrainingOutcome Read(StageResult stage) => stage.ReadJson<PretrainingOutcome>(OutcomeFile);
}
