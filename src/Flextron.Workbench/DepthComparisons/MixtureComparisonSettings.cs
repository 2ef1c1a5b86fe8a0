using Flextron.MixtureOfDepths;
using Flextron.Training;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>Settings of an isoFLOP comparison of Mixture-of-Depths with dense networks, all trained from fresh weights on the tiny world's text.</summary>
public sealed record MixtureComparisonSettings
{
    /// <summary>The kind of experiment.</summary>
    public string Kind { get; init; } = MixtureComparison.KindName;

    /// <summary>What the experiment asks, in a sentence.</summary>
    public string Question { get; init; } = "At equal training compute, does Mixture-of-Depths beat dense networks, and is it the routing that does it?";

    /// <summary>Shapes, from small to large.</summary>
    public IReadOnlyList<ModelSize> Sizes { get; init; } = [new(24, 4, 4, 2, 64), new(32, 4, 4, 2, 96), new(48, 4, 4, 2, 128), new(64, 4, 4, 2, 192), new(96, 4, 6, 3, 256)];

    /// <summary>Every size and arm is trained once for each; seeds decide weights, data order and random choices.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [1, 2, 3];

    /// <summary>Arms.</summary>
    public IReadOnlyList<MixtureArm> Arms { get; init; } = [MixtureArm.Dense, MixtureArm.Mixture, MixtureArm.Random];

    /// <summary>Training compute of every run, TFLOP (10¹² operations): smaller networks read more tokens.</summary>
    public double Teraflops { get; init; } = 0.2;

    /// <summary>Capacity, routed blocks, gate, samplers: both are trained, so that they can be compared on the same networks.</summary>
    public MixtureSettings Mixture { get; init; } = new() { TrainBothSamplers = true };

    /// <summary>Steps of the predictors alone, beside the finished network, in batches as in training; they change neither it nor its top k, and are not charged to its compute.</summary>
    public int PredictorSteps { get; init; } = 300;

    /// <summary>Tokens of a sequence.</summary>
    public int SequenceLength { get; init; } = 128;

    /// <summary>Sequences of a step.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Peak learning rate, the same for all sizes.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Vocabulary of the tokenizer, trained on the same text.</summary>
    public int VocabularySize { get; init; } = 512;

    /// <summary>Characters it is trained on.</summary>
    public int TokenizerCharacters { get; init; } = 1_000_000;

    /// <summary>Which world.</summary>
    public long WorldSeed { get; init; } = 1;

    /// <summary>Held-out windows that every network is measured on.</summary>
    public int HeldOutWindows { get; init; } = 128;

    /// <summary>Tokens decoded per timing; 0 leaves the timings out, which need a quiet machine.</summary>
    public int DecodeTokens { get; init; } = 96;

    /// <summary>Timings of each network, in turn; the median counts.</summary>
    public int DecodeRounds { get; init; } = 5;

    /// <summary>Checks the numbers.</summary>
    /// <returns>These settings.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public MixtureComparisonSettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"experiment.json: {what}.");
        }

        Require(Kind == MixtureComparison.KindName, $"kind is \"{Kind}\" and these settings are of the kind \"{MixtureComparison.KindName}\"");
        Require(Sizes is { Count: > 0 } && Sizes.DistinctBy(s => s.Label).Count() == Sizes.Count, "sizes must be given, each another hidden size or block count");
        Require(Seeds is { Count: > 0 } && Seeds.Distinct().Count() == Seeds.Count, "seeds must be given, each once");
        Require(Arms is { Count: > 0 } && Arms.Distinct().Count() == Arms.Count, "arms must be given, each once");
        Require(Teraflops > 0 && double.IsFinite(Teraflops), $"teraflops is {Teraflops}, give a positive number");
        Require(PredictorSteps >= 0, $"predictorSteps is {PredictorSteps}, give 0 or more");
        Require(SequenceLength >= 8, $"sequenceLength is {SequenceLength}, give 8 or more");
        Require(HeldOutWindows >= 2, $"heldOutWindows is {HeldOutWindows}, give 2 or more");
        Require(DecodeTokens >= 0 && DecodeTokens + 16 <= SequenceLength, $"decodeTokens is {DecodeTokens}, give 0 to {SequenceLength - 16}: prompt and answer must fit sequenceLength");
        Require(DecodeRounds >= 1, $"decodeRounds is {DecodeRounds}, give 1 or more");
        foreach (ModelSize size in Sizes)
        {
            size.Config(VocabularySize, SequenceLength, null);
            Mixture.Validated(size.BlockCount);
        }
        Training(Sizes[0], 1, 1);
        return this;
    }

    internal JointTrainingSettings Training(ModelSize size, int steps, long seed) => new JointTrainingSettings
    {
        Steps = steps, BatchSize = BatchSize, SequenceLength = SequenceLength, Strategy = SamplingStrategy.Full, NetworksPerStep = 1, LearningRate = LearningRate,
        WarmupSteps = Math.Max(1, Math.Min(100, steps / 10)), FloorShare = 0.02, WeightDecay = WeightDecay, DistillationWeight = 0, Seed = seed, EvaluateEvery = 0, Compute = ComputeType.Float32,
    }.Validated();
}
