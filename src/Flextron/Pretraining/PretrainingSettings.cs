using Flextron.Models;
using Flextron.Training;

namespace Flextron.Pretraining;

/// <summary>Everything that decides the embedded base model; the defaults are how it was made.</summary>
public sealed record PretrainingSettings
{
    /// <summary>Seed of the world's text, the initial weights and the data order.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Vocabulary of the byte-level BPE, trained on the same text.</summary>
    public int VocabularySize { get; init; } = 2048;

    /// <summary>Characters of text the tokenizer is trained on.</summary>
    public int TokenizerCharacters { get; init; } = 4_000_000;

    /// <summary>C.</summary>
    public int HiddenSize { get; init; } = 128;

    /// <summary>N.</summary>
    public int BlockCount { get; init; } = 4;

    /// <summary>L.</summary>
    public int HeadCount { get; init; } = 8;

    /// <summary>G.</summary>
    public int KvGroupCount { get; init; } = 4;

    /// <summary>D.</summary>
    public int NeuronCount { get; init; } = 384;

    /// <summary>Longest sequence.</summary>
    public int ContextLength { get; init; } = 256;

    /// <summary>Standard deviation of initial matrices, times √C; residual projections are scaled down further.</summary>
    public double InitialScale { get; init; } = 0.7;

    /// <summary>Training tokens; each is read once.</summary>
    public int Tokens { get; init; } = 9_000_000;

    /// <summary>Sequences per step.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Heads that attend to an earlier block too; null for none.</summary>
    public SkipLayerAttention? SkipLayer { get; init; }

    /// <summary>Trains a part of the tokens at half size; null for all at full size.</summary>
    public VCycleSettings? VCycle { get; init; }

    /// <summary>Optimiser steps that follow from tokens and batch.</summary>
    public int Steps => Math.Max(1, Tokens / (BatchSize * ContextLength));

    /// <summary>The model's shape.</summary>
    /// <param name="vocabularySize">Of the tokenizer as it was trained.</param>
    /// <param name="boundaryId">The token between documents.</param>
    /// <exception cref="FlextronException">The shape contradicts itself.</exception>
    public ModelConfig Model(int vocabularySize, int? boundaryId) => new ModelConfig
    {
        Family = "llama",
        VocabularySize = vocabularySize,
        HiddenSize = HiddenSize,
        BlockCount = BlockCount,
        HeadCount = HeadCount,
        KvGroupCount = KvGroupCount,
        HeadSize = HiddenSize / HeadCount,
        NeuronCount = NeuronCount,
        ContextLength = ContextLength,
        TiedEmbeddings = true,
        BosId = boundaryId,
        EosId = boundaryId,
        SkipLayer = SkipLayer,
    }.Validated("The base model's settings");

    /// <summary>The training at full size, of which a V-cycle shares out the steps.</summary>
    /// <exception cref="FlextronException">A value is outside its range.</exception>
    public JointTrainingSettings Training => new JointTrainingSettings
    {
        Steps = Steps,
        BatchSize = BatchSize,
        SequenceLength = ContextLength,
        Strategy = SamplingStrategy.Full,
        NetworksPerStep = 1,
        LearningRate = LearningRate,
        WarmupSteps = Math.Min(100, Math.Max(1, Steps / 10)),
        FloorShare = 0.02,
        WeightDecay = WeightDecay,
        DistillationWeight = 0,
        Seed = Seed,
        EvaluateEvery = 250,
    }.Validated();
}
