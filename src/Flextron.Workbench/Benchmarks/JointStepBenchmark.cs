using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Training;

namespace Flextron.Workbench.Benchmarks;

/// <summary>What a joint step costs over the single steps of its sub-networks.</summary>
internal sealed class JointStepBenchmark : IBenchmark
{
    public string Group => "training";

    public string Name => "joint";

    public string Question =>
        "One joint step over four sub-networks (whole, smallest, two per-block random ones; no teacher) against the sum of four trainings' single steps of one of them each; the shape is that of training: step, float32.";

    private sealed class SameNetworks(params SubNetwork[] networks) : ISubNetworkSource
    {
        public IReadOnlyList<SubNetwork> At(int step) => networks;
    }

    public void Measure(BenchmarkSession session)
    {
        ModelConfig config = TrainingShape.Config;
        var space = ElasticSpace.For(config);
        var random = new Random(1);
        SubNetwork[] networks = [space.Largest, space.Smallest, space.Random(random), space.Random(random)];
        TokenCorpus corpus = TrainingShape.Corpus(config);
        using var model = new DecoderModel(BaseModelPretraining.Initialise(config, scale: 1, seed: 1));
        JointTrainer Trainer(params SubNetwork[] trained) => new(model, space, TrainingShape.Settings with { Compute = ComputeType.Float32 }, source: new SameNetworks(trained));
        using JointTrainer joint = Trainer(networks);
        JointTrainer[] singles = [.. networks.Select(n => Trainer(n))];
        CaseTimings times = session.Time(
        [
            new BenchmarkCase("joint", () => TrainingShape.OneStep(joint, corpus)),
            .. singles.Select((s, i) => new BenchmarkCase($"single {i}", () => TrainingShape.OneStep(s, corpus))),
        ]);
        double[] sum = [.. Enumerable.Range(0, times.Of("joint").Length).Select(r => Enumerable.Range(0, networks.Length).Sum(i => times.Of($"single {i}")[r]))];
        session.Ratio("joint step / sum of single steps", [.. times.Of("joint").Zip(sum, (a, b) => a / b)], BenchmarkBound.AtMost(1.05));
        session.Report("joint step", "ms", times.Of("joint"));
        foreach (JointTrainer single in singles) single.Dispose();
    }
}
