using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>How much of the machine's own matrix-product rate a training step of the whole network reaches.</summary>
internal sealed class TrainingStepBenchmark : IBenchmark
{
    private const string Step = "training step";

    public string Group => "training";

    public string Name => "step";

    public string Question =>
        $"A whole optimiser step (data, forward, backward, clipping, AdamW) of a Llama shape with C 288, 6 blocks, 6 heads, D 768, vocabulary 512 at batch {TrainingShape.Batch} × {TrainingShape.Time}: "
        + "operations of its matrix products per second (3 × forward, causal attention at half its square) against a 1024³ product timed in the same round.";

    public void Measure(BenchmarkSession session)
    {
        ModelConfig config = TrainingShape.Config;
        using var limits = new MachineLimits();
        using DecoderWeights weights = RandomWeights(config);
        using var model = new DecoderModel(weights, ownsWeights: false);
        var settings = new JointTrainingSettings { Steps = int.MaxValue, BatchSize = TrainingShape.Batch, SequenceLength = TrainingShape.Time, Strategy = SamplingStrategy.Full, DistillationWeight = 0, EvaluateEvery = 0 };
        TokenCorpus corpus = Corpus(config);
        using var trainer = new JointTrainer(model, ElasticSpace.For(config), settings);
        double flops = TrainingShape.Flops(config, model.FullNetwork, TrainingShape.Batch, TrainingShape.Time);

        CaseTimings times = session.Time(new BenchmarkCase(Step, () => OneStep(trainer, corpus)), limits.Float32Case);
        session.Ratio("counted rate / float32 GEMM rate", [.. times.Rate(Step, flops).Zip(times.Rate(MachineLimits.GemmFloat32, MachineLimits.GemmFlops), (a, b) => a / b)], BenchmarkBound.AtLeast(0.75));
        session.Report("counted rate", "GFLOP/s", times.Rate(Step, flops));
        session.Report("step", "ms", times.Of(Step));
        session.Report("tokens", "tokens/s", times.Rate(Step, TrainingShape.Batch * TrainingShape.Time, 1));
    }

    private static void OneStep(JointTrainer trainer, TokenCorpus corpus)
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

    private static DecoderWeights RandomWeights(ModelConfig config)
    {
        manual_seed(1);
        DecoderWeights weights = DecoderWeights.Allocate(config);
        using var noGrad = no_grad();
        foreach ((_, Tensor tensor) in weights.Named())
        {
            if (tensor.dim() == 1) tensor.fill_(1);
            else tensor.normal_(0, 0.02);
        }
        return weights;
    }

    private static TokenCorpus Corpus(ModelConfig config)
    {
        Random random = Seeds.Stream(1, "benchmark corpus");
        return TokenCorpus.OfIds([.. Enumerable.Range(0, 1 << 17).Select(_ => random.Next(config.VocabularySize))]);
    }
}
