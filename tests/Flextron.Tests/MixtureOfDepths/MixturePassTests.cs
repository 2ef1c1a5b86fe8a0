using Flextron.Data;
using Flextron.Elastic;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Training;
using Flextron.Training.Checkpoints;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static Flextron.Tests.MixtureOfDepths.TinyMixture;

namespace Flextron.Tests.MixtureOfDepths;

public sealed class MixturePassTests
{
    private static readonly JointTrainingSettings Training = new()
    {
        Steps = 30, BatchSize = 4, SequenceLength = 16, LearningRate = 5e-3, WarmupSteps = 2, DistillationWeight = 0, Strategy = SamplingStrategy.Full, NetworksPerStep = 1, EvaluateEvery = 0,
    };

    [Theory]
    [InlineData(RouterGate.Linear, CausalSampler.Auxiliary)]
    [InlineData(RouterGate.OnePlus, CausalSampler.Auxiliary)]
    [InlineData(RouterGate.Linear, CausalSampler.Predictor)]
    public void GradientsEqualFiniteDifferencesOfTheDefinition(RouterGate gate, CausalSampler sampler)
    {
        MixtureSettings settings = Settings with { Gate = gate, Sampler = sampler, AuxiliaryWeight = 0.5 };
        using MixtureModel mixture = Create(settings);
        (Tensor weightGradient, Tensor routerGradient) = Gradients(mixture);
        using (weightGradient)
        using (routerGradient)
        using (no_grad())
        {
            var random = new Random(1);
            Compare(mixture, mixture.Model.Weights.Flat, weightGradient, [.. Enumerable.Range(0, 12).Select(_ => random.NextInt64(mixture.Model.Weights.Flat.numel()))]);
            long stride = mixture.Routers.Flat.numel() / 2;
            Compare(mixture, mixture.Routers.Flat, routerGradient, [.. Enumerable.Range(0, 6).Select(i => 2L * i), .. Enumerable.Range(0, 6).Select(i => stride + 3 * i)]);
        }
    }

    [Fact]
    public void ThePredictorLearnsAndNothingElseFeelsIt()
    {
        using MixtureModel predicted = Create(Settings with { Sampler = CausalSampler.Predictor }), plain = Create(Settings with { Sampler = CausalSampler.Auxiliary, AuxiliaryWeight = 0 });
        (Tensor weightsA, Tensor routersA) = Gradients(predicted);
        (Tensor weightsB, Tensor routersB) = Gradients(plain);
        using var scope = NewDisposeScope();
        Assert.Equal(weightsB.data<float>().ToArray(), weightsA.data<float>().ToArray());
        (DepthRouters a, DepthRouters b) = (predicted.Routers.Over(routersA), plain.Routers.Over(routersB));
        foreach ((DepthRouter with, DepthRouter without) in a.Each.Zip(b.Each))
        {
            Assert.Equal(without.Weight_C.data<float>().ToArray(), with.Weight_C.data<float>().ToArray());
            Assert.Equal(0, without.Output_P.abs().sum().item<float>());
            Assert.True(with.Output_P.abs().sum().item<float>() > 0);
        }
        a.Dispose();
        b.Dispose();
    }

    [Fact]
    public void BothSamplersTrainTogetherAsEachDoesAlone()
    {
        MixtureSettings settings = Settings with { Sampler = CausalSampler.Predictor, AuxiliaryWeight = 0.5 };
        using MixtureModel both = Create(settings with { TrainBothSamplers = true }), auxiliary = Create(settings with { Sampler = CausalSampler.Auxiliary }), predictor = Create(settings);
        (Tensor weights, Tensor routers) = Gradients(both);
        (Tensor weightsA, Tensor routersA) = Gradients(auxiliary);
        (Tensor weightsP, Tensor routersP) = Gradients(predictor);
        using var scope = NewDisposeScope();
        Assert.Equal(weightsA.data<float>().ToArray(), weights.data<float>().ToArray());
        Assert.NotEqual(weightsP.data<float>().ToArray(), weights.data<float>().ToArray());
        DepthRouters[] all = [both.Routers.Over(routers), auxiliary.Routers.Over(routersA), predictor.Routers.Over(routersP)];
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(all[1].Each[i].Weight_C.data<float>().ToArray(), all[0].Each[i].Weight_C.data<float>().ToArray());
            // The stream that the predictor reads is the same, and so are the decisions.
            Assert.Equal(all[2].Each[i].Output_P.data<float>().ToArray(), all[0].Each[i].Output_P.data<float>().ToArray());
        }
        foreach (DepthRouters each in all) each.Dispose();
    }

    [Theory]
    [InlineData(CausalSampler.Auxiliary)]
    [InlineData(CausalSampler.Predictor)]
    public void TrainingLowersTheLossAndTheSamplersAndRepeatsBitForBit(CausalSampler sampler)
    {
        (float[] weights, float[] routers, double first, double last, double samplerFirst, double samplerLast) Run()
        {
            using MixtureModel mixture = Create(Settings with { Sampler = sampler, AuxiliaryWeight = 1 });
            MixturePass? pass = null;
            using var trainer = new JointTrainer(mixture.Model, ElasticSpace.For(Config), Training, pass: (_, gradients) => pass = new MixturePass(mixture, gradients, Training));
            var losses = new List<(double, double)>();
            trainer.Run(Corpus, onStep: s => losses.Add((s.Loss, pass!.SamplerLoss)));
            return (mixture.Model.Weights.Flat.data<float>().ToArray(), mixture.Routers.Flat.data<float>().ToArray(), losses[0].Item1, losses[^1].Item1, losses[0].Item2, losses[^1].Item2);
        }

        var run = Run();
        Assert.True(run.last < 0.7 * run.first, $"{run.first} to {run.last}");
        Assert.True(run.samplerLast < 0.95 * run.samplerFirst, $"{run.samplerFirst} to {run.samplerLast}");
        var again = Run();
        Assert.Equal(run.weights, again.weights);
        Assert.Equal(run.routers, again.routers);
    }

    [Fact]
    public void AResumedRunEndsWhereAnUninterruptedOneDoes()
    {
        using TemporaryFolder folder = TestData.Temporary();
        var identity = new TrainingIdentity(Training, new Dictionary<string, string>());
        using MixtureModel straight = Create(), first = Create(), second = Create(seed: 2);
        JointTrainer Trainer(MixtureModel mixture) => new(mixture.Model, ElasticSpace.For(Config), Training, pass: (_, gradients) => new MixturePass(mixture, gradients, Training));
        using (JointTrainer trainer = Trainer(straight)) trainer.Run(Corpus);
        using (JointTrainer trainer = Trainer(first))
        {
            using var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => new CheckpointedTraining(trainer, new CheckpointStore(folder["c"], identity), 100)
                .Run(hear => trainer.Run(Corpus, onStep: hear, cancellation: stop.Token), s => { if (s.Step == 11) stop.Cancel(); }));
        }
        using (JointTrainer trainer = Trainer(second))
        {
            Assert.Equal(11, new CheckpointStore(folder["c"], identity).Restore(trainer));
            trainer.Run(Corpus);
        }
        Assert.Equal(straight.Model.Weights.Flat.data<float>().ToArray(), second.Model.Weights.Flat.data<float>().ToArray());
        Assert.Equal(straight.Routers.Flat.data<float>().ToArray(), second.Routers.Flat.data<float>().ToArray());
    }

    [Fact]
    public void ElasticBlocksTrainBehindTheirRouters()
    {
        using MixtureModel mixture = Create();
        var space = new ElasticSpace([1, 2], [8, 20], Config.BlockCount);
        JointTrainingSettings settings = Training with { Strategy = SamplingStrategy.Sandwich, NetworksPerStep = 2 };
        using Tensor before = mixture.Model.Weights.Flat.clone();
        using (var trainer = new JointTrainer(mixture.Model, space, settings, pass: (_, gradients) => new MixturePass(mixture, gradients, settings))) trainer.Run(Corpus);
        var heldOut = new HeldOutLoss(Corpus, 16, 4);
        double Loss(SubNetwork network) => heldOut.Of(ids_BT => mixture.Forward(ids_BT, TopTokens.ByRouter(Settings), network)).Mean;
        (double smallest, double largest) = (Loss(space.Smallest), Loss(space.Largest));
        mixture.Model.Weights.Flat.copy_(before);
        Assert.True(smallest < 0.8 * Loss(space.Smallest) && largest < 0.8 * Loss(space.Largest));
    }

    [Fact]
    public void TrainingStepsLeaveNothingNativeBehind()
    {
        using MixtureModel mixture = Create();
        using var trainer = new JointTrainer(mixture.Model, ElasticSpace.For(Config), Training, pass: (_, gradients) => new MixturePass(mixture, gradients, Training));
        var counts = new List<long>();
        trainer.Run(Corpus, onStep: _ => counts.Add(DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount));
        Assert.Equal(counts[1], counts[^1]);
    }

    private static TokenCorpus Corpus { get; } = TokenCorpus.OfIds([.. Enumerable.Range(0, 2000).Select(i => i * 5 % 23)]);

    private static (Tensor Weights, Tensor Routers) Gradients(MixtureModel mixture)
    {
        using DecoderWeights gradients = DecoderWeights.Allocate(Config);
        using var pass = new MixturePass(mixture, gradients, Training);
        using Tensor ids_BT = Ids();
        using Tensor targets_N = ids_BT.roll(-1, 1).reshape(-1);
        pass.Run(mixture.Model.FullNetwork, new TrainingBatch(ids_BT, targets_N, null, 0), 1);
        Tensor routers = pass.RouterGradient.clone();
        return (gradients.Flat.clone(), routers);
    }

    private static void Compare(MixtureModel mixture, Tensor parameters, Tensor gradient, long[] places)
    {
        using var scope = NewDisposeScope();
        double scale = gradient.abs().max().item<float>();
        Assert.True(scale > 1e-3);
        Loss(mixture);
        foreach (long at in places)
        {
            const double Step = 1.0 / 1024;
            Tensor cell = parameters.narrow(0, at, 1);
            float value = cell.item<float>();
            cell.fill_(value + (float)Step);
            double above = Loss(mixture), upper = cell.item<float>();
            cell.fill_(value - (float)Step);
            double below = Loss(mixture), lower = cell.item<float>();
            cell.fill_(value);
            double expected = (above - below) / (upper - lower), actual = gradient[at].item<float>();
            Assert.True(Math.Abs(expected - actual) < 2e-3 * scale + 1e-5, $"at {at}: {actual}, by differences {expected}");
        }
    }

    // Written out on the dense definition, in float64; which tokens pass is decided once and for all by the unchanged model.
    private static double Loss(MixtureModel mixture)
    {
        using var scope = NewDisposeScope();
        var reference = new MaskedMixture(Config, mixture.Model.Weights, mixture.Routers);
        (double loss, double entropy) = (0, 0);
        for (int b = 0; b < Batch; b++)
        {
            var routed = new List<(int Block, double[] Logits, bool[] Passes)>();
            Tensor logits_TV = reference.Logits(Rows[b], (block, logits) =>
            {
                bool[] passes = Top(logits, mixture.Settings.Tokens(Time));
                routed.Add((block, logits, passes));
                return passes;
            });
            long[] targets = [.. Rows[b].Skip(1), Rows[b][0]];
            loss += functional.cross_entropy(logits_TV, tensor(targets)).item<double>() / Batch;
            foreach ((int block, double[] logits, bool[] passes) in routed)
            {
                double[] sampler = mixture.Settings.Sampler == CausalSampler.Auxiliary ? logits : Predict(mixture.Routers.Each.Single(r => r.Block == block), Unperturbed(mixture, b, block));
                entropy += sampler.Zip(passes, (z, y) => Math.Log(1 + Math.Exp(-Math.Abs(z))) + Math.Max(z, 0) - (y ? z : 0)).Average() / routed.Count / Batch;
            }
        }
        return loss + entropy * (mixture.Settings.Sampler == CausalSampler.Auxiliary ? mixture.Settings.AuxiliaryWeight : 1);
    }

    // What the predictor reads counts as a constant: the stream of the model before anything was changed.
    private static (Tensor Stream_TC, double[] Logits) Unperturbed(MixtureModel mixture, int b, int block)
    {
        if (!Read.TryGetValue((mixture, b), out var read))
        {
            var reference = new MaskedMixture(Config, mixture.Model.Weights, mixture.Routers);
            var routed = new Dictionary<int, double[]>();
            reference.Logits(Rows[b], (at, logits) => Top(routed[at] = logits, mixture.Settings.Tokens(Time)));
            Read[(mixture, b)] = read = ([.. reference.Streams.Select(s => s.DetachFromDisposeScope())], routed);
        }
        return (read.Streams[block], read.Logits[block]);
    }

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<(MixtureModel, int), (Tensor[] Streams, Dictionary<int, double[]> Logits)> Read = new();

    private static double[] Predict(DepthRouter router, (Tensor Stream_TC, double[] Logits) read)
    {
        (Tensor x_TC, Tensor logits_T1) = (read.Stream_TC, tensor(read.Logits).unsqueeze(1));
        Tensor scaled_TC = x_TC / (x_TC.square().mean([-1], keepdim: true) + 1e-6).sqrt();
        Tensor hidden_TP = scaled_TC.matmul(router.Hidden_PC.to(ScalarType.Float64).t()) + logits_T1 * router.HiddenLogit_P.to(ScalarType.Float64) + router.HiddenBias_P.to(ScalarType.Float64);
        return ((hidden_TP * sigmoid(hidden_TP)).matmul(router.Output_P.to(ScalarType.Float64)) + router.OutputBias_1.to(ScalarType.Float64)).data<double>().ToArray();
    }
}
