using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Storage;
using Flextron.Tokenization;
using Flextron.Training;
using Flextron.Training.Checkpoints;
using TorchSharp;

namespace Flextron.Cli.Commands;

/// <summary><c>mod</c>: makes a Mixture-of-Depths model of a dense one and trains it.</summary>
internal sealed class ModCommand : VerbCommand
{
    private const string PredictorsName = "predictors";
    private static readonly MixtureSettings Mixture = new();
    private readonly ModelArgument model = new(required: true);
    private readonly CorpusOption corpus = new("Training text");
    private readonly Option<string?> heldOut = new("--held-out") { Description = "Text to measure on; else a twentieth of the corpus is kept apart.", HelpName = "file" };
    private readonly Option<string> folder = new("--out") { Description = "Folder of the trained model and its training checkpoint.", HelpName = "dir", Required = true };
    private readonly Option<bool> resume = new("--resume") { Description = "Go on from the training checkpoint in --out, if there is one." };
    private readonly TrainingOptions training = new(SamplingStrategy.Full, 0, "dense model");
    private readonly Option<bool> fresh = new("--from-scratch") { Description = "Train fresh weights of the model's shape instead of its own." };
    private readonly Option<double> capacity = new("--capacity") { Description = "Share of a sequence's tokens that pass a routed block.", HelpName = "x", DefaultValueFactory = _ => Mixture.Capacity };
    private readonly Option<int> every = new("--every") { Description = "Every how many blocks one routes.", HelpName = "n", DefaultValueFactory = _ => Mixture.Every };
    private readonly Option<RouterGate?> gate = new("--gate") { Description = "What multiplies a routed block's update: linear (the router's logit r) or onePlus (1 + r) [default: onePlus, or linear from scratch].", HelpName = "name" };
    private readonly Option<CausalSampler> sampler = new("--sampler") { Description = "How generation decides: predictor or auxiliary.", HelpName = "name", DefaultValueFactory = _ => Mixture.Sampler };
    private readonly Option<double> auxiliary = new("--auxiliary-weight") { Description = "Weight of the auxiliary sampler's loss.", HelpName = "x", DefaultValueFactory = _ => Mixture.AuxiliaryWeight };
    private readonly Option<int> predictorSteps = new("--predictor-steps") { Description = "Steps in which the predictors are trained on alone at the end, at the same rate; they change neither the network nor its top k.", HelpName = "n" };

    public ModCommand() : base(
        "mod", "Makes a Mixture-of-Depths model: in every other block only some tokens are computed.",
        "Converts a dense model (or goes on with a Mixture-of-Depths one) and trains it by expert choice; a causal sampler learns beside it, by which `generate` decides (arXiv 2404.02258).",
        "mod my-model --corpus stories.txt --out my-mixture",
        "mod my-model --corpus stories.txt --out my-mixture --capacity 0.25 --every 2 --sampler auxiliary --steps 1000",
        "mod my-model --from-scratch --corpus stories.txt --out fresh-mixture --learning-rate 0.003 --json",
        "mod my-mixture --corpus stories.txt --out longer --steps 500 --predictor-steps 500",
        "mod my-family --corpus stories.txt --out my-elastic-mixture --strategy sandwich")
    {
        model.AddTo(this);
        corpus.AddTo(this);
        training.AddTo(this);
        foreach (Option option in (Option[])[heldOut, folder, resume, fresh, capacity, every, gate, sampler, auxiliary, predictorSteps])
            Options.Add(option);
    }

    public override string HowToGoOn => "run the same command with --resume to go on from the training checkpoint";

    public override VerbResult Execute(CommandContext context)
    {
        JointTrainingSettings settings = (training.Read(context) with { EvaluateEvery = 0 }).Validated();
        int checkpointEvery = training.CheckpointEvery(context);
        string source = model.Path(context), target = context.Get(folder);
        StagedFolder.RequireOther(target, source);
        using LoadedModel loaded = model.Load(context, mixtures: true);
        ModelConfig config = loaded.Model.Config;
        int window = Math.Min(settings.SequenceLength, config.ContextLength);
        DocumentSource text = corpus.Open(context);
        (TokenCorpus train, TokenCorpus measured) = context.Get(heldOut) is { } file
            ? (loaded.Shards(text, context), loaded.Shards(TextCorpus.Open(file), context))
            : CorpusParts.Of(loaded, text, window, settings.Seed, context);
        var loss = new HeldOutLoss(measured, (int)Math.Clamp(measured.Length - 1, 1, window));
        LossEstimate dense = loss.Of(loaded.Model, loaded.Model.FullNetwork);
        using MixtureModel mixture = Prepare(context, loaded, source);
        JointTrainingSettings? alone = context.Get(predictorSteps) == 0 ? null
            : mixture.Settings.Trains(CausalSampler.Predictor) ? (settings with { Steps = context.Get(predictorSteps) }).Validated()
            : throw new FlextronException("--predictor-steps trains the predictors, and this model decides by its routers' own logits: leave it out, or choose --sampler predictor.");
        using DecoderModel? teacher = settings.DistillationWeight > 0 ? new DecoderModel(loaded.Model.Weights.Clone()) : null;
        var sources = new Dictionary<string, string>
        {
            ["model"] = ContentHash.OfPath(source), ["corpus"] = train.Hash(), ["mixture"] = System.Text.Json.JsonSerializer.Serialize(mixture.Settings, FlextronJson.Compact),
        };
        string checkpoints = Path.Combine(target, TrainingRun.CheckpointsName);
        var store = new CheckpointStore(checkpoints, new TrainingIdentity(settings, sources));
        if (store.Any && !context.Get(resume)) throw new FlextronException($"{target} holds a training checkpoint: add --resume to go on from it, or choose another folder.");
        void Train(IResumableTraining one, CheckpointStore own, Action<Action<TrainingStep>> run)
        {
            if (context.Get(resume) && own.Restore(one, context.Message) > 0) context.Message($"going on after step {one.StepsDone}.");
            new CheckpointedTraining(one, own, checkpointEvery).Run(run);
        }

        using (var trainer = new JointTrainer(mixture.Model, loaded.Family.Space, settings, teacher, pass: (_, gradients) => new MixturePass(mixture, gradients, settings)))
            Train(trainer, store, hear => trainer.Run(train, onStep: hear, progress: context, cancellation: context.Cancellation));
        if (alone is not null)
        {
            using var predictors = new PredictorTraining(mixture, alone);
            Train(predictors, new CheckpointStore(Path.Combine(checkpoints, PredictorsName), new TrainingIdentity(alone, sources)), hear => predictors.Run(train, hear, context, context.Cancellation));
        }
        SamplerAgreement agreement = SamplerAgreement.Measure(mixture, loss);
        StagedFolder.Write(target, staging =>
        {
            mixture.Save(staging);
            TokenizerFiles.CopyFrom(loaded.TokenizerPath, staging);
            if (loaded.Family.Manifest is { } manifest) FlextronJson.WriteFile(Path.Combine(staging, FamilyManifest.FileName), manifest with { TrainedSteps = manifest.TrainedSteps + settings.Steps });
        });
        var costs = new MixtureCosts(config, mixture.Settings);
        MixtureSettings whole = mixture.Settings with { Every = config.BlockCount + 1 };
        var json = new
        {
            steps = settings.Steps, tokens = (long)settings.Steps * settings.BatchSize * window, capacity = mixture.Settings.Capacity, routedBlocks = mixture.RoutedBlocks,
            tokensPerSequence = mixture.Settings.Tokens(window), window,
            loss = new { denseBefore = dense.Mean, topK = agreement.TopK.Mean, causal = agreement.Causal.Mean, stderr = agreement.Causal.StandardError },
            sampler = new
            {
                kind = mixture.Settings.Sampler, accuracy = agreement.Accuracy, lossChange = agreement.LossChange, share = agreement.CausalShare,
                blocks = agreement.Blocks.Select(b => new { block = b.Block, accuracy = b.Accuracy, precision = double.IsNaN(b.Precision) ? (double?)null : b.Precision, recall = b.Recall, share = b.Share }),
            },
            flopsShare = costs.ForwardFlops(window) / new MixtureCosts(config, whole).ForwardFlops(window), cacheShare = costs.CacheShare(window), @out = target,
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["routed block", "sampler agrees", "precision", "recall", "tokens that pass"], agreement.Blocks.Select(b => new[]
            {
                b.Block.ToString(c), b.Accuracy.ToString("0.0%", c), b.Precision.ToString("0.0%", c), b.Recall.ToString("0.0%", c), b.Share.ToString("0.0%", c),
            }));
            writer.WriteLine(string.Create(c, $"held-out loss: dense before {dense.Mean:0.0000}, top k {agreement.TopK.Mean:0.0000}, causal sampler {agreement.Causal.Mean:0.0000} ± {agreement.Causal.StandardError:0.0000} ({agreement.LossChange:+0.00%;-0.00%})"));
            writer.WriteLine(string.Create(c, $"{target}: {mixture.Settings.Tokens(window)} of {window} tokens pass each of {mixture.RoutedBlocks.Count} routed blocks: {json.flopsShare:0%} of the operations, {json.cacheShare:0%} of the KV cache"));
        });
    }

    private MixtureModel Prepare(CommandContext context, LoadedModel loaded, string source)
    {
        if (MixtureModel.IsAt(source))
        {
            if (((Option[])[capacity, every, gate, sampler, auxiliary, fresh]).FirstOrDefault(context.Given) is { } given)
                throw new FlextronException($"{source} is a Mixture-of-Depths model already, which decides {given.Name} itself: leave that out, or start from a dense model.");
            return loaded.Mixture!;
        }
        ModelConfig config = loaded.Model.Config;
        bool scratch = context.Get(fresh);
        MixtureSettings settings = new MixtureSettings
        {
            Capacity = context.Get(capacity), Every = context.Get(every), Sampler = context.Get(sampler), AuxiliaryWeight = context.Get(auxiliary),
            Gate = context.Get(gate) ?? (scratch ? RouterGate.Linear : RouterGate.OnePlus),
        }.Validated(config.BlockCount);
        DecoderWeights weights = scratch ? BaseModelPretraining.Initialise(config, new PretrainingSettings().InitialScale, context.Seed, context.Device) : loaded.Model.Weights.Clone();
        return new MixtureModel(new DecoderModel(weights), DepthRouters.Fresh(config, settings, context.Seed, context.Device));
    }
}
