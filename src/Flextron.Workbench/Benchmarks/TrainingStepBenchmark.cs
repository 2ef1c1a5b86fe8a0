using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Training;
using Flextron.Workbench.Comparisons;

namespace Flextron.Workbench.Benchmarks;

/// <summary>How much of the machine's own matrix-product rate a training step of the whole network reaches.</summary>
internal sealed class TrainingStepBenchmark : IBenchmark
{
    public string Group => "training";

    public string Name => "step";

    public string Question =>
        $"A whole optimiser step (data, forward, backward, clipping, AdamW) of a Llama shape with C 288, 6 blocks, 6 heads, D 768, vocabulary 512 at batch {TrainingShape.Batch} × {TrainingShape.Time}: "
        + "operations of its matrix products per second (2 per multiply-add, 3 × forward, attention over visible keys only, so about half its square; norms, softmax and optimiser count as nothing) against a 1024³ product timed in the same round.";

    public void Measure(BenchmarkSession session)
    {
        ModelConfig config = TrainingShape.Config;
        using var limits = new MachineLimits();
        using DecoderWeights weights = BaseModelPretraining.Initialise(config, scale: 1, seed: 1);
        using var model = new DecoderModel(weights, ownsWeights: false);
        JointTrainingSettings settings = TrainingShape.Settings;
        TokenCorpus corpus = TrainingShape.Corpus(config);
        using var float32 = new JointTrainer(model, ElasticSpace.For(config), settings with { Compute = ComputeType.Float32 });
        using var bfloat16 = new JointTrainer(model, ElasticSpace.For(config), settings with { Compute = ComputeType.BFloat16 });
        double flops = new TrainingFlops(config, TrainingShape.Time).Step([model.FullNetwork], TrainingShape.Batch, teacher: false);

        CaseTimings times = session.Time(
            new BenchmarkCase("float32", () => TrainingShape.OneStep(float32, corpus)), new BenchmarkCase("bfloat16", () => TrainingShape.OneStep(bfloat16, corpus)), limits.Float32Case);
        double[] Share(string name) => [.. times.Rate(name, flops).Zip(times.Rate(MachineLimits.GemmFloat32, MachineLimits.GemmFlops), (a, b) => a / b)];
        session.Ratio("float32: counted rate / float32 GEMM rate", Share("float32"), BenchmarkBound.AtLeast(0.75));
        session.Ratio("bfloat16: counted rate / float32 GEMM rate", Share("bfloat16"));
        session.Ratio("bfloat16 step rate / float32 step rate", times.Ratio("float32", "bfloat16"), BenchmarkBound.AtLeast(1.3));
        foreach (string name in (string[])["float32", "bfloat16"])
        {
            session.Report($"{name}: counted rate", "GFLOP/s", times.Rate(name, flops));
            session.Report($"{name}: step", "ms", times.Of(name));
            session.Report($"{name}: tokens", "tokens/s", times.Rate(name, TrainingShape.Batch * TrainingShape.Time, 1));
        }
    }
}
