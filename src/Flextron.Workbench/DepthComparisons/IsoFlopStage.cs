using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Data.TinyWorld;
using Flextron.Elastic;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Tokenization;
using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>Makes the text, and trains and measures one arm of one size with one seed.</summary>
internal static class IsoFlopStage
{
    private const string OutcomeFile = "outcome.json", TrainFile = "train.ids", HeldOutFile = "heldout.ids", VocabularyFile = "vocabulary.json", NetworkFolder = "network";
    private const int LogEvery = 20;

    /// <summary>Tokenizer and tokens.</summary>
    public static StageResult Corpus(ExperimentRun run, MixtureComparisonSettings settings)
    {
        long tokens = settings.Sizes.Max(size => settings.Arms.Max(arm => (long)Steps(settings, size, arm))) * settings.BatchSize * settings.SequenceLength + 1;
        return run.Stage("corpus", new { settings.WorldSeed, settings.VocabularySize, settings.TokenizerCharacters, settings.HeldOutWindows, settings.SequenceLength, tokens, world = TinyWorldWriter.GeneratorVersion }, [], stage =>
        {
            var pretraining = new PretrainingSettings { Seed = settings.WorldSeed, VocabularySize = settings.VocabularySize, TokenizerCharacters = settings.TokenizerCharacters };
            Tokenizer tokenizer = BaseModelPretraining.TrainTokenizer(pretraining, stage.Progress);
            void Save(string name, WorldSplit split, long limit)
            {
                using TokenCorpus corpus = TokenCorpus.Of(WorldCorpus.Documents((ulong)settings.WorldSeed, split), tokenizer, (int)Math.Min(int.MaxValue, limit), stage.Progress);
                corpus.Save(stage.File(name));
            }

            Save(TrainFile, WorldSplit.Train, tokens);
            Save(HeldOutFile, WorldSplit.HeldOut, (long)settings.HeldOutWindows * settings.SequenceLength + 1);
            stage.WriteJson(VocabularyFile, new TokenizerShape(tokenizer.VocabularySize, tokenizer.EosId));
        });
    }

    /// <summary>Trains and measures.</summary>
    public static StageResult Train(ExperimentRun run, MixtureComparisonSettings settings, ModelSize size, MixtureArm arm, long seed, StageResult corpus)
    {
        int steps = Steps(settings, size, arm);
        JointTrainingSettings training = settings.Training(size, steps, seed);
        object key = new { size, arm, training, mixture = arm == MixtureArm.Dense ? null : settings.Mixture, settings.HeldOutWindows };
        return run.Stage($"{arm.ToString().ToLowerInvariant()}-{size.Label}-seed{seed}", key, [corpus], stage =>
        {
            ModelConfig config = Config(settings, size, corpus);
            using MixtureModel mixture = Fresh(config, settings, seed, arm);
            ITokenSelector? selector = arm == MixtureArm.Random ? TopTokens.AtRandom(settings.Mixture, seed) : null;
            using TokenCorpus train = TokenCorpus.Load(corpus.File(TrainFile), config.VocabularySize);
            using (var trainer = new JointTrainer(
                mixture.Model, ElasticSpace.For(config, steps: 1), training,
                pass: arm == MixtureArm.Dense ? null : (_, gradients) => new MixturePass(mixture, gradients, training, selector)))
                trainer.Run(train, onStep: Log(stage, steps), progress: stage.Progress, cancellation: stage.Cancellation);
            HeldOutLoss heldOut = HeldOut(settings, corpus, config);
            SamplerAgreement? sampler = arm == MixtureArm.Mixture ? SamplerAgreement.Measure(mixture, heldOut) : null;
            LossEstimate loss = arm switch
            {
                MixtureArm.Dense => heldOut.Of(mixture.Model, mixture.Model.FullNetwork),
                MixtureArm.Mixture => sampler!.TopK,
                _ => heldOut.Of(ids_BT => mixture.Forward(ids_BT, TopTokens.AtRandom(settings.Mixture, seed + 1))),
            };
            stage.WriteJson(OutcomeFile, new MixtureOutcome(
                mixture.Model.Weights.ParameterCount, steps, (long)steps * settings.BatchSize * settings.SequenceLength, ForwardFlops(settings, config, arm) / settings.SequenceLength, loss, sampler));
            if (seed == settings.Seeds[0] && arm != MixtureArm.Random) mixture.Save(Path.GetDirectoryName(stage.File($"{NetworkFolder}/{MixtureModel.SettingsName}"))!);
        });
    }

    public static MixtureOutcome Read(StageResult stage) => stage.ReadJson<MixtureOutcome>(OutcomeFile);

    /// <summary>The trained network of the first seed; that of the dense arm has untrained routers.</summary>
    public static MixtureModel Network(StageResult stage) => MixtureModel.Load(Path.Combine(stage.Folder, NetworkFolder));

    public static HeldOutLoss HeldOut(MixtureComparisonSettings settings, StageResult corpus, ModelConfig config) =>
        new(HeldOutTokens(corpus, config), settings.SequenceLength, settings.HeldOutWindows);

    public static TokenCorpus HeldOutTokens(StageResult corpus, ModelConfig config) => TokenCorpus.Load(corpus.File(HeldOutFile), config.VocabularySize);

    public static TokenCorpus TrainTokens(StageResult corpus, ModelConfig config) => TokenCorpus.Load(corpus.File(TrainFile), config.VocabularySize);

    /// <summary>Operations of one sequence's forward pass.</summary>
    public static double ForwardFlops(MixtureComparisonSettings settings, ModelConfig config, MixtureArm arm)
    {
        // No block of a dense network routes.
        MixtureSettings mixture = arm == MixtureArm.Dense ? settings.Mixture with { Every = config.BlockCount + 1 } : Mixture(settings, arm);
        return new MixtureCosts(config, mixture).ForwardFlops(settings.SequenceLength);
    }

    // Fresh weights and routers; the dense arm begins with the same weights.
    private static MixtureModel Fresh(ModelConfig config, MixtureComparisonSettings settings, long seed, MixtureArm arm) => new(
        new DecoderModel(BaseModelPretraining.Initialise(config, new PretrainingSettings().InitialScale, seed)), DepthRouters.Fresh(config, Mixture(settings, arm), seed));

    // Nothing predicts what chance decides, and no loss may pull routers towards it.
    private static MixtureSettings Mixture(MixtureComparisonSettings settings, MixtureArm arm) =>
        arm == MixtureArm.Random ? settings.Mixture with { Sampler = CausalSampler.Auxiliary, AuxiliaryWeight = 0 } : settings.Mixture;

    private static ModelConfig Config(MixtureComparisonSettings settings, ModelSize size, StageResult corpus)
    {
        TokenizerShape vocabulary = corpus.ReadJson<TokenizerShape>(VocabularyFile);
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

    private sealed record TokenizerShape(int Size, int? Boundary);
}
