using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Data.TinyWorld;
using Flextron.Elastic;
using Flextron.Mixers;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Tokenization;
using Flextron.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Pretraining;

/// <summary>Makes the embedded base model from nothing but a seed: the tiny world's text, a tokenizer trained on it, and ordinary training.</summary>
public static class BaseModelPretraining
{
    /// <summary>The token that stands between documents; it also begins and ends every text.</summary>
    public const string BoundaryToken = "<|endoftext|>";

    /// <summary>What the whole network is called among the measured losses.</summary>
    public const string WholeLabel = "full";

    /// <summary>Pretrains and writes a Hugging Face folder with float16 weights and the tokenizer.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="settings">What.</param>
    /// <param name="onStep">Called after every step.</param>
    /// <param name="progress">Reports tokenising and training.</param>
    /// <param name="device">Where to train; CPU by default.</param>
    /// <param name="cancellation">Stops between steps; nothing is written then.</param>
    public static void Run(
        string folder,
        PretrainingSettings settings,
        Action<TrainingStep>? onStep = null,
        IProgress<StageProgress>? progress = null,
        Device? device = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Tokenizer tokenizer = TrainTokenizer(settings, progress);
        TokenCorpus train = TokenCorpus.Of(WorldCorpus.Documents((ulong)settings.Seed, WorldSplit.Train), tokenizer, settings.Tokens + 1, progress);
        TokenCorpus heldOut = TokenCorpus.Of(WorldCorpus.Documents((ulong)settings.Seed, WorldSplit.HeldOut), tokenizer, 64 * settings.ContextLength + 1);

        ModelConfig config = settings.Model(tokenizer.VocabularySize, tokenizer.EosId);
        using DecoderWeights weights = Initialise(config, settings.InitialScale, settings.Seed, device);
        using var model = new DecoderModel(weights, ownsWeights: false);
        Train(
            model, settings, train, new HeldOutLoss(heldOut, settings.ContextLength),
            (_, trainer, text, measured, budgets, hear) => trainer.Run(text, measured, budgets, hear, progress, cancellation), onStep);

        CheckpointWriter.Save(weights, folder, CheckpointWriter.FolderFormat(config), ScalarType.Float16);
        HuggingFaceTokenizerWriter.Save(tokenizer, folder);
    }

    /// <summary>Trains a model in place as the settings say, at full size throughout or in a V-cycle.</summary>
    /// <param name="model">Fresh, float32.</param>
    /// <param name="settings">How.</param>
    /// <param name="train">Text.</param>
    /// <param name="heldOut">What is measured on.</param>
    /// <param name="trainPart">Carries out the whole training, or the parts of a V-cycle.</param>
    /// <param name="onStep">Called after every step; steps and tokens are counted over all parts of a V-cycle.</param>
    public static void Train(DecoderModel model, PretrainingSettings settings, TokenCorpus train, HeldOutLoss heldOut, TrainPart trainPart, Action<TrainingStep>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(trainPart);
        if (settings.VCycle is { } cycle)
        {
            new VCycleTraining(settings.Training, cycle).Run(model, train, heldOut, trainPart, onStep);
            return;
        }
        using var trainer = new JointTrainer(model, ElasticSpace.For(model.Config, steps: 1), settings.Training);
        trainPart("whole", trainer, train, heldOut, new Dictionary<string, SubNetwork> { [WholeLabel] = model.FullNetwork }, step => onStep?.Invoke(step));
    }

    /// <summary>
    /// Fresh weights: embeddings N(0, 0.02²), matrices N(0, scale²/C), residual projections scaled by 1/√(2N) (Radford et al., GPT-2), norms one, biases zero.
    /// </summary>
    public static DecoderWeights Initialise(ModelConfig config, double scale, long seed, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed);
        DecoderWeights weights = DecoderWeights.Allocate(config);
        using var scope = NewDisposeScope();
        foreach ((string name, Tensor tensor) in weights.Named())
        {
            if (tensor.dim() == 1) tensor.fill_(name.EndsWith("Bias", StringComparison.Ordinal) ? 0 : 1);
            else tensor.normal_(0, Deviation(name, config, scale), generator);
        }
        foreach (MixerWeights mixer in weights.Blocks.Select(b => b.Mixer).OfType<MixerWeights>())
        {
            LinearMixer kind = LinearMixer.Of(mixer.Kind);
            for (int i = 0; i < mixer.Tensors.Count; i++) kind.Initialise(kind.Tensors[i], mixer.Tensors[i], scale, generator);
        }
        if (device is null || device.type == DeviceType.CPU) return weights;
        DecoderWeights moved = weights.Clone(device: device);
        weights.Dispose();
        return moved;
    }

    private static double Deviation(string name, ModelConfig config, double scale)
    {
        if (name is "embedding" or "head" or "positions") return 0.02;
        double deviation = scale / Math.Sqrt(config.HiddenSize);
        bool residual = name.EndsWith(".output", StringComparison.Ordinal) || name.EndsWith(".down", StringComparison.Ordinal);
        return residual ? deviation / Math.Sqrt(2 * config.BlockCount) : deviation;
    }

    /// <summary>Trains the tokenizer on the beginning of the tiny world's text.</summary>
    /// <param name="settings">Vocabulary, characters and world.</param>
    /// <param name="progress">Reports that it is at work.</param>
    public static Tokenizer TrainTokenizer(PretrainingSettings settings, IProgress<StageProgress>? progress)
    {
        progress?.Report(new StageProgress("training the tokenizer", 0, 0));
        long characters = 0;
        IEnumerable<string> texts = WorldCorpus.Documents((ulong)settings.Seed, WorldSplit.Train).TakeWhile(d => (characters += d.Length) <= settings.TokenizerCharacters);
        return BpeTrainer.Train(texts, new BpeTrainerSettings
        {
            VocabularySize = settings.VocabularySize,
            SpecialTokens = [BoundaryToken],
            BosToken = BoundaryToken,
            EosToken = BoundaryToken,
        });
    }
}
