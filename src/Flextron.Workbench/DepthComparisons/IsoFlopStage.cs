using Flextron.Data;
using Flextron.Elastic;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>Makes the text, and trains and measures one arm of one size with one seed.</summary>
internal static class IsoFlopStage
{
    private const string OutcomeFile = "outcome.json", NetworkFolder = "network";
    private const int LogEvery = 20;

    /// <summary>Tokenizer and tokens.</summary>
    public static StageResult Corpus(ExperimentRun run, MixtureComparisonSettings settings)
    {
        long tokens = settings.Sizes.Max(size => settings.Arms.Max(arm => (long)Steps(settings, size, arm))) * settings.BatchSize * settings.SequenceLength + 1;
        return WorldStage.Run(run, settings.WorldSeed, settings.VocabularySize, settings.TokenizerCharacters, tokens, (long)settings.HeldOutWindows * settings.SequenceLength + 1);
    }

    /// <summary>Trains and measures.</summary>
    public static StageResult Train(ExperimentRun run, MixtureComparisonSettings settings, ModelSize size, MixtureArm arm, long seed, StageResult corpus)
    {
        int steps = Steps(settings, size, arm);
        JointTrainingSettings training = settings.Training(size, steps, seed);
        JointTrainingSettings? alone = arm == MixtureArm.Mixture && settings.PredictorSteps > 0 ? settings.Training(size, settings.PredictorSteps, seed) : null;
        object key = new { size, arm, training, alone, mixture = arm == MixtureArm.Dense ? null : Mixture(settings, arm), settings.HeldOutWindows };
        return run.Stage($"{arm.ToString().ToLowerInvariant()}-{size.Label}-seed{seed}", key, [corpus], stage =>
        {
            ModelConfig config = Config(settings, size, corpus);
            using MixtureModel mixture = Fresh(config, settings, seed, arm);
            ITokenSelector? selector = arm == MixtureArm.Random ? TopTokens.AtRandom(settings.Mixture, seed) : null;
            using TokenCorpus train = WorldStage.Train(corpus);
            using (var trainer = new JointTrainer(
                mixture.Model, ElasticSpace.For(config, steps: 1), training,
                pass: arm == MixtureArm.Dense ? null : (_, gradients) => new MixturePass(mixture, gradients, training, selector)))
                StageTraining.Run(stage, trainer, train, onStep: Log(stage, steps));
            HeldOutLoss heldOut = HeldOut(settings, corpus);
            LossEstimate loss = arm switch
            {
                MixtureArm.Dense => heldOut.Of(mixture.Model, mixture.Model.FullNetwork),
                MixtureArm.Mixture => heldOut.Of(ids_BT => mixture.Forward(ids_BT, TopTokens.ByRouter(settings.Mixture))),
                _ => heldOut.Of(ids_BT => mixture.Forward(ids_BT, TopTokens.AtRandom(settings.Mixture, seed + 1))),
            };
            SamplerOutcome[] samplers = arm == MixtureArm.Mixture ? [.. Samplers(mixture, heldOut, alone, train, stage)] : [];
            stage.WriteJson(OutcomeFile, new MixtureOutcome(
                mixture.Model.Weights.ParameterCount, steps, (long)steps * settings.BatchSize * settings.SequenceLength, ForwardFlops(settings, config, arm) / settings.SequenceLength, loss, samplers));
            if (seed == settings.Seeds[0] && arm != MixtureArm.Random) mixture.Save(Path.GetDirectoryName(stage.File($"{NetworkFolder}/{MixtureModel.SettingsName}"))!);
        });
    }

    public static MixtureOutcome Read(StageResult stage) => stage.ReadJson<MixtureOutcome>(OutcomeFile);

    /// <summary>The trained network of the first seed; that of the dense arm has untrained routers.</summary>
    public static MixtureModel Network(StageResult stage) => MixtureModel.Load(Path.Combine(stage.Folder, NetworkFolder));

    private static HeldOutLoss HeldOut(MixtureComparisonSettings settings, StageResult corpus) => new(WorldStage.HeldOut(corpus), settings.SequenceLength, settings.HeldOutWindows);

    /// <summary>Operations of one sequence's forward pass.</summary>
    public static double ForwardFlops(MixtureComparisonSettings settings, ModelConfig config, MixtureArm arm)
    {
        // No block of a dense network routes.
        MixtureSettings mixture = arm == MixtureArm.Dense ? settings.Mixture with { Every = config.BlockCount + 1 } : Mixture(settings, arm);
        return new MixtureCosts(config, mixture).ForwardFlops(settings.SequenceLength);
    }

    // Every sampler that was trained; the predictors before and after they were trained alone, which changes neither the network nor its top k.
    private static IEnumerable<SamplerOutcome> Samplers(MixtureModel mixture, HeldOutLoss heldOut, JointTrainingSettings? alone, TokenCorpus train, StageContext stage)
    {
        SamplerAgreement Measured(CausalSampler sampler) => SamplerAgreement.Measure(mixture, heldOut, sampler: sampler);
        if (mixture.Settings.Trains(CausalSampler.Auxiliary)) yield return new SamplerOutcome(CausalSampler.Auxiliary, false, Measured(CausalSampler.Auxiliary));
        if (!mixture.Settings.Trains(CausalSampler.Predictor)) yield break;
        yield return new SamplerOutcome(CausalSampler.Predictor, false, Measured(CausalSampler.Predictor));
        if (alone is null) yield break;
        using (var predictors = new PredictorTraining(mixture, alone))
            StageTraining.Run(stage, predictors, hear => predictors.Run(train, hear, stage.Progress, stage.Cancellation), onStep: null, "predictors");
        yield return new SamplerOutcome(CausalSampler.Predictor, true, Measured(CausalSampler.Predictor));
    }

    // Fresh weights and routers; the dense arm begins with the same weights.
    private static MixtureModel Fresh(ModelConfig config, MixtureComparisonSettings settings, long seed, MixtureArm arm) => new(
        new DecoderModel(BaseModelPretraining.Initialise(config, new PretrainingSettings().InitialScale, seed)), DepthRouters.Fresh(config, Mixture(settings, arm), seed));

    // The control pays for the same predictors, so that it reads the same text for the same compute; no loss may pull its routers towards chance.
    private static MixtureSettings Mixture(MixtureComparisonSettings settings, MixtureArm arm) => arm == MixtureArm.Random ? settings.Mixture with { AuxiliaryWeight = 0 } : settings.Mixture;

    private static ModelConfig Config(MixtureComparisonSettings settings, ModelSize size, StageResult corpus)
    {
        WorldStage.TokenizerShape vocabulary = WorldStage.Tokenizer(corpus);
        return size.Config(vocabulary.Size, settings.SequenceLength, vocabulary.Boundary);
    }

    // Forward and backward pass: three times the forward pass.
    private static int Steps(MixtureComparisonSettings settings, ModelSize size, MixtureArm arm) =>
        (int)Math.Max(1, settings.Teraflops * 1e12 / (3 * settings.BatchSize * ForwardFlops(settings, size.Config(settings.VocabularySize, settings.SequenceLength, null), arm)));

    private static Action<TrainingStep> Log(StageContext stage, int steps)
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
