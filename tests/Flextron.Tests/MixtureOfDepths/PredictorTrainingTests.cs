using Flextron.Data;
using Flextron.MixtureOfDepths;
using Flextron.Training;
using Flextron.Training.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;
using static Flextron.Tests.MixtureOfDepths.TinyMixture;

namespace Flextron.Tests.MixtureOfDepths;

public sealed class PredictorTrainingTests
{
    private static readonly JointTrainingSettings Training = new()
    {
        Steps = 120, BatchSize = 4, SequenceLength = Time, LearningRate = 1e-2, WarmupSteps = 2, DistillationWeight = 0, Strategy = SamplingStrategy.Full, NetworksPerStep = 1, EvaluateEvery = 0,
    };

    private static TokenCorpus Corpus { get; } = TokenCorpus.OfIds([.. Enumerable.Range(0, 3000).Select(i => (i * i * 5 + 3 * i) % 23)]);

    [Fact]
    public void PredictorsLearnWhatTheRoutersDecideAndNothingElseMoves()
    {
        using MixtureModel mixture = Create();
        var heldOut = new HeldOutLoss(Corpus, Time, 40);
        using Tensor network = mixture.Model.Weights.Flat.clone();
        float[][] routers = [.. mixture.Routers.Each.Select(r => r.Weight_C.data<float>().ToArray())];
        SamplerAgreement before = SamplerAgreement.Measure(mixture, heldOut);
        Assert.Equal(0.75, before.Accuracy, 1e-12);

        var losses = new List<double>();
        using (var training = new PredictorTraining(mixture, Training)) training.Run(Corpus, s => losses.Add(s.Loss));

        Assert.Equal(120, losses.Count);
        // Three of twelve pass: to know only that costs H(1/4) nats a decision.
        double blind = -(0.25 * Math.Log(0.25) + 0.75 * Math.Log(0.75));
        Assert.Equal(blind, losses[0], 1e-3);
        Assert.True(losses[^1] < 0.7 * blind, $"{losses[^1]}");
        SamplerAgreement after = SamplerAgreement.Measure(mixture, heldOut);
        Assert.True(after.Accuracy > 0.85, $"{after.Accuracy}");
        Assert.Equal(before.TopK.Mean, after.TopK.Mean);
        Assert.Equal(network.data<float>().ToArray(), mixture.Model.Weights.Flat.data<float>().ToArray());
        Assert.Equal(routers, mixture.Routers.Each.Select(r => r.Weight_C.data<float>().ToArray()));
    }

    [Fact]
    public void ItRepeatsBitForBitAndLeavesNothingNativeBehind()
    {
        float[] Run()
        {
            using MixtureModel mixture = Create();
            var counts = new List<long>();
            var stages = new Counting(counts);
            using (var training = new PredictorTraining(mixture, Training with { Steps = 20 })) training.Run(Corpus, progress: stages);
            Assert.Equal(counts[1], counts[^1]);
            return mixture.Routers.Flat.data<float>().ToArray();
        }

        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void ARestoredTrainingGoesOnAsIfNeverStopped()
    {
        using TemporaryFolder folder = TestData.Temporary();
        JointTrainingSettings settings = Training with { Steps = 30 };
        var store = new CheckpointStore(folder["c"], new TrainingIdentity(settings, new Dictionary<string, string>()));
        using MixtureModel straight = Create(), first = Create(), second = Create();
        var losses = new List<double>();
        using (var training = new PredictorTraining(straight, settings)) training.Run(Corpus, s => losses.Add(s.Loss));
        using (var training = new PredictorTraining(first, settings))
        {
            using var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => new CheckpointedTraining(training, store, 100)
                .Run(hear => training.Run(Corpus, hear, cancellation: stop.Token), s => { if (s.Step == 13) stop.Cancel(); }));
        }
        var rest = new List<double>();
        using (var training = new PredictorTraining(second, settings))
        {
            Assert.Equal(13, store.Restore(training));
            training.Run(Corpus, s => rest.Add(s.Loss));
        }

        Assert.Equal(losses[13..], rest);
        Assert.Equal(straight.Routers.Flat.data<float>().ToArray(), second.Routers.Flat.data<float>().ToArray());
    }

    [Fact]
    public void BothSamplersAreMeasuredOnOneModel()
    {
        using MixtureModel mixture = Create(Settings with { TrainBothSamplers = true });
        using (var training = new PredictorTraining(mixture, Training)) training.Run(Corpus);
        var heldOut = new HeldOutLoss(Corpus, Time, 10);
        SamplerAgreement own = SamplerAgreement.Measure(mixture, heldOut), predictor = SamplerAgreement.Measure(mixture, heldOut, sampler: CausalSampler.Predictor);
        SamplerAgreement auxiliary = SamplerAgreement.Measure(mixture, heldOut, sampler: CausalSampler.Auxiliary);
        Assert.Equal(own.Blocks, predictor.Blocks);
        Assert.Equal(own.TopK.Mean, auxiliary.TopK.Mean);
        using MixtureModel same = Create(Settings with { Sampler = CausalSampler.Auxiliary });
        Assert.Equal(SamplerAgreement.Measure(same, heldOut).Blocks, auxiliary.Blocks);
        Assert.NotEqual(auxiliary.Blocks, predictor.Blocks);
    }

    private sealed class Counting(List<long> counts) : IProgress<Flextron.Progress.StageProgress>
    {
        public void Report(Flextron.Progress.StageProgress value) => counts.Add(DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }
}
