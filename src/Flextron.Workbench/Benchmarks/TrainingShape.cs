using Flextron.Data;
using Flextron.Models;
using Flextron.Training;

namespace Flextron.Workbench.Benchmarks;

/// <summary>The shape that training throughput is stated for, and the arithmetic of its step.</summary>
internal static class TrainingShape
{
    public const int Batch = 8, Time = 256;

    /// <summary>A Llama shape of the size of the 15M-parameter story models with a vocabulary of 512.</summary>
    public static ModelConfig Config { get; } = new()
    {
        Family = "llama", VocabularySize = 512, HiddenSize = 288, BlockCount = 6, HeadCount = 6, KvGroupCount = 6, HeadSize = 48, NeuronCount = 768,
        ContextLength = Time, TiedEmbeddings = true,
    };

    /// <summary>
    /// Floating-point operations of forward and backward, matrix products only, counted the usual way: 2 per multiply-add in the forward pass and twice
    /// that in the backward pass; attention with half of its score matrix, as a causal mask leaves. Norms, rotations, activations, losses and the
    /// optimiser count as nothing, and nothing that is computed again counts.
    /// </summary>
    public static double Flops(ModelConfig config, SubNetwork network, int batch, int time)
    {
        double tokens = (double)batch * time, c = config.HiddenSize, perToken = c * config.VocabularySize, attention = 0;
        foreach (BlockShape block in network.Blocks)
        {
            double q = (double)block.KvGroups * config.HeadsPerGroup * config.HeadSize, k = (double)block.KvGroups * config.HeadSize;
            perToken += c * (2 * q + 2 * k) + 3 * c * block.Neurons;
            attention += 2 * q * time / 2;
        }
        return 3 * 2 * tokens * (perToken + attention);
    }

    /// <summary>Endless steps of the whole network without distillation.</summary>
    public static JointTrainingSettings Settings { get; } = new()
    {
        Steps = int.MaxValue, BatchSize = Batch, SequenceLength = Time, Strategy = SamplingStrategy.Full, DistillationWeight = 0, EvaluateEvery = 0, SpikeTolerance = 0,
    };

    /// <summary>Random tokens.</summary>
    public static TokenCorpus Corpus(ModelConfig config)
    {
        Random random = Seeds.Stream(1, "benchmark corpus");
        return TokenCorpus.OfIds([.. Enumerable.Range(0, 1 << 17).Select(_ => random.Next(config.VocabularySize))]);
    }

    /// <summary>Runs the trainer for one step.</summary>
    public static void OneStep(JointTrainer trainer, TokenCorpus corpus)
    {
        using var stop = new CancellationTokenSource();
        try
        {
            trainer.Run(corpus, onStep: _ => stop.Cancel(), cancellation: stop.Token);
        }
        catch (OperationCanceledException)
        {
            // One step is done.
        }
    }
}
