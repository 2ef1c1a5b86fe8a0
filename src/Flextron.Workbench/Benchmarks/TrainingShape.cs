using Flextron.Data;
using Flextron.Models;
using Flextron.Training;

namespace Flextron.Workbench.Benchmarks;

/// <summary>The shape that training throughput is stated for, and its data.</summary>
internal static class TrainingShape
{
    public const int Batch = 8, Time = 256;

    /// <summary>A Llama shape of the size of the 15M-parameter story models with a vocabulary of 512.</summary>
    public static ModelConfig Config { get; } = new()
    {
        Family = "llama", VocabularySize = 512, HiddenSize = 288, BlockCount = 6, HeadCount = 6, KvGroupCount = 6, HeadSize = 48, NeuronCount = 768,
        ContextLength = Time, TiedEmbeddings = true,
    };

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
