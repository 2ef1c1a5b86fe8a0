using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Data.TinyWorld;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Tokenization;
using Flextron.Training;

namespace Flextron.Notebooks.Labs;

/// <summary>What a notebook works on: a model with its tokenizer, and text parted into calibration, training and held-out tokens.</summary>
public sealed class Lab : IDisposable
{
    /// <summary>The name of the model that the repository carries.</summary>
    public const string Embedded = "embedded";

    private const int SmallPartTokens = 100_000, RankingTokens = 16_384;
    private readonly LoadedCheckpoint checkpoint;

    private Lab(LoadedCheckpoint checkpoint, Tokenizer tokenizer, TokenCorpus calibration, TokenCorpus train, TokenCorpus heldOut)
    {
        this.checkpoint = checkpoint;
        Model = new DecoderModel(checkpoint.Weights);
        Tokenizer = tokenizer;
        (Calibration, Train, HeldOut) = (calibration, train, heldOut);
        Space = ElasticSpace.For(Config);
    }

    /// <summary>The pretrained model; labs never change it.</summary>
    public DecoderModel Model { get; }

    /// <summary>Its shape.</summary>
    public ModelConfig Config => Model.Config;

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The folder that the tokenizer was found in, for what is written to go with it.</summary>
    public required string TokenizerFolder { get; init; }

    /// <summary>Tokens for importance scores.</summary>
    public TokenCorpus Calibration { get; }

    /// <summary>Tokens for training.</summary>
    public TokenCorpus Train { get; }

    /// <summary>Tokens that are only measured on.</summary>
    public TokenCorpus HeldOut { get; }

    /// <summary>The widths at which the model may be cut.</summary>
    public ElasticSpace Space { get; }

    /// <summary>Opens a model and a text.</summary>
    /// <param name="model"><c>embedded</c>, a Hugging Face folder, or a llama2.c file or folder.</param>
    /// <param name="text">A file, folder or pattern of texts; empty for the miniature world that the embedded model was trained on.</param>
    /// <param name="seed">Which miniature world, or which parting of the text. 1 is what the embedded model was trained on: another is new text.</param>
    /// <param name="trainTokens">Tokens to train on, at most.</param>
    /// <exception cref="FlextronException">The model or the text cannot be used.</exception>
    public static Lab Open(string model = Embedded, string text = "", long seed = 2, int trainTokens = 500_000)
    {
        ArgumentNullException.ThrowIfNull(text);
        string path = model == Embedded ? EmbeddedData.BaseModel : model;
        string folder = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        Tokenizer tokenizer = TokenizerLoader.Load(folder);
        LoadedCheckpoint checkpoint = CheckpointLoader.Load(path);
        try
        {
            TokenCorpus Part(WorldSplit world, SplitPart part, int limit) => TokenCorpus.Of(
                text.Length == 0 ? WorldCorpus.Documents((ulong)seed, world) : TextCorpus.Open(text).Part(new CorpusSplit(0.1, 0.1, seed), part).Documents, tokenizer, limit);
            return new Lab(
                checkpoint, tokenizer, Part(WorldSplit.Calibration, SplitPart.Calibration, SmallPartTokens), Part(WorldSplit.Train, SplitPart.Train, trainTokens),
                Part(WorldSplit.HeldOut, SplitPart.HeldOut, SmallPartTokens)) { TokenizerFolder = folder };
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>A family made of a copy of the model, its parts in the order of the scores; the caller disposes it.</summary>
    public ElasticFamily NewFamily(ImportanceScores scores) => ElasticFamily.Create(checkpoint with { Weights = checkpoint.Weights.Clone() }, scores, Space);

    /// <summary>A family ranked and trained jointly for a moment, which is what walks on later stages begin with; the caller disposes it.</summary>
    /// <param name="steps">Of joint training.</param>
    /// <param name="progress">Told of steps.</param>
    /// <param name="cancellation">Stops between steps.</param>
    public ElasticFamily NewTrainedFamily(int steps, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        ElasticFamily family = NewFamily(ImportanceRanker.Rank(Model, Calibration, maximumTokens: RankingTokens));
        var settings = new JointTrainingSettings { Steps = steps, BatchSize = 8, LearningRate = 1e-3, WarmupSteps = Math.Min(5, steps), EvaluateEvery = 0 };
        using (var trainer = new JointTrainer(family.Model, family.Space, settings, teacher: Model)) trainer.Run(Train, progress: progress, cancellation: cancellation);
        family.AddTrainedSteps(steps);
        return family;
    }

    /// <summary>A copy of the model with its parts in some order; the caller disposes it.</summary>
    public DecoderModel Reordered(ImportanceOrder order)
    {
        DecoderWeights weights = checkpoint.Weights.Clone();
        WeightPermutation.Apply(weights, order);
        return new DecoderModel(weights);
    }

    /// <summary>A passage of the held-out text.</summary>
    /// <param name="tokens">How long.</param>
    /// <param name="start">Where it begins.</param>
    public string Sample(int tokens, long start = 0) => Tokenizer.Decode(HeldOut.ToArray(start, tokens));

    /// <summary>The loss on held-out windows: the same ones for every network, so that differences are paired.</summary>
    /// <param name="windows">How many windows of (at most) 256 tokens.</param>
    public HeldOutLoss Loss(int windows = 24) => new(HeldOut, Math.Min(256, Config.ContextLength), windows);

    /// <summary>Uniform sub-networks from an eighth of every block's width to the whole, by share.</summary>
    public IReadOnlyList<(double Share, SubNetwork Network)> UniformWidths() =>
        [.. Enumerable.Range(1, 8).Reverse().Select(i => (Share: i / 8.0, Network: Space.Uniform(i / 8.0))).DistinctBy(w => w.Network).Reverse()];

    /// <inheritdoc/>
    public void Dispose()
    {
        Model.Dispose();
        foreach (TokenCorpus corpus in (TokenCorpus[])[Calibration, Train, HeldOut]) corpus.Dispose();
    }
}
