using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Tests.Training;

public sealed class JointTrainerTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private static readonly TokenCorpus Corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 2000).Select(i => i * 5 % 23)]);

    private static readonly JointTrainingSettings Settings = new()
    {
        Steps = 12, BatchSize = 4, SequenceLength = 16, LearningRate = 3e-3, WarmupSteps = 2, DistillationWeight = 0, NetworksPerStep = 3, EvaluateEvery = 0,
    };

    [Theory]
    [InlineData(1, 9, null)]
    [InlineData(1, 9, 11)]
    [InlineData(0, 9, 16)]
    [InlineData(2, 0, 7)]
    [InlineData(0, 0, null)]
    public void SliceGradientsEqualAutogradThroughNarrowing(int groups, int neurons, int? width)
    {
        using DecoderWeights weights = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config), gradients = DecoderWeights.Allocate(Config);
        using var model = new DecoderModel(weights, ownsWeights: false);
        var network = new SubNetwork([new BlockShape(groups, neurons), new BlockShape(2, 5)], width);
        using var scope = NewDisposeScope();
        Tensor ids_BT = tensor(Corpus.ToArray(0, 10).Select(i => (long)i).ToArray()).unsqueeze(0), target_N = ids_BT[0].roll(-1);

        using WeightView trainable = WeightView.Trainable(weights, gradients, network);
        Loss(model, trainable, ids_BT, target_N).backward();

        using var differentiable = weights.Clone();
        differentiable.Flat.requires_grad_(true);
        using DecoderWeights graph = DecoderWeightsOver(differentiable.Flat);
        using WeightView narrowed = WeightView.Of(graph, network);
        Loss(model, narrowed, ids_BT, target_N).backward();

        Tensor expected = differentiable.Flat.grad!;
        Assert.True(expected.norm().item<float>() > 0.1f);
        Assert.True((gradients.Flat - expected).abs().max().item<float>() < 1e-6f);
    }

    [Fact]
    public void TheStepEqualsTorchAdamWOnTheWholeNetwork()
    {
        JointTrainingSettings settings = Settings with { Strategy = SamplingStrategy.Full, WeightDecay = 0.1, GradientClip = 1e9, Steps = 5 };
        using DecoderWeights weights = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config), other = weights.Clone();
        using var model = new DecoderModel(weights, ownsWeights: false);
        using (var trainer = new JointTrainer(model, ElasticSpace.For(Config), settings)) trainer.Run(Corpus);

        using var scope = NewDisposeScope();
        TorchSharp.Modules.Parameter[] leaves = [.. other.Named().Select(p => new TorchSharp.Modules.Parameter(p.Tensor.detach()))];
        using var reference = new DecoderModel(other, ownsWeights: false);
        var schedule = new LearningRateSchedule(settings.LearningRate, settings.WarmupSteps, settings.Steps, settings.FloorShare);
        var windows = new WindowSampler(Corpus, 16, settings.Seed);
        var decayed = optim.AdamW(leaves.Where(l => l.dim() > 1), settings.LearningRate, settings.Beta1, settings.Beta2, 1e-8, 0.1);
        var plain = optim.AdamW(leaves.Where(l => l.dim() == 1), settings.LearningRate, settings.Beta1, settings.Beta2, 1e-8, 0);
        for (int step = 0; step < settings.Steps; step++)
        {
            using DecoderWeights gradients = DecoderWeights.Allocate(Config);
            using WeightView view = WeightView.Trainable(other, gradients, reference.FullNetwork);
            (Tensor input_BT, Tensor target_BT) = windows.Batch(step, settings.BatchSize);
            Loss(reference, view, input_BT, target_BT.reshape(-1)).backward();
            foreach (var optimizer in new[] { decayed, plain })
            {
                foreach (var group in optimizer.ParamGroups) group.LearningRate = schedule.At(step);
            }
            foreach ((TorchSharp.Modules.Parameter leaf, (_, Tensor gradient)) in leaves.Zip(gradients.Named())) leaf.grad = gradient.clone();
            decayed.step();
            plain.step();
        }

        Assert.True((weights.Flat - other.Flat).abs().max().item<float>() < 2e-6f);
    }

    [Fact]
    public void RowsThatNoSubNetworkUsedStayAsTheyWere()
    {
        using DecoderWeights weights = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config), before = weights.Clone();
        using var model = new DecoderModel(weights, ownsWeights: false);
        var space = new ElasticSpace([1], [8], Config.BlockCount);
        using (var trainer = new JointTrainer(model, space, Settings with { Strategy = SamplingStrategy.Random, WeightDecay = 0.5 })) trainer.Run(Corpus);

        foreach ((BlockWeights now, BlockWeights then) in weights.Blocks.Zip(before.Blocks))
        {
            Assert.True(now.Down_DC.narrow(0, 8, 12).equal(then.Down_DC.narrow(0, 8, 12)).all().item<bool>());
            Assert.True(now.Query_QC.narrow(0, 12, 12).equal(then.Query_QC.narrow(0, 12, 12)).all().item<bool>());
            Assert.False(now.Down_DC.narrow(0, 0, 8).equal(then.Down_DC.narrow(0, 0, 8)).any().item<bool>());
        }
    }

    [Fact]
    public void ColumnsAndBlocksThatNoSubNetworkUsedStayAsTheyWere()
    {
        using DecoderWeights weights = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config), before = weights.Clone();
        using var model = new DecoderModel(weights, ownsWeights: false);
        var networks = new FixedNetworks([
            new([new BlockShape(2, 6), BlockShape.Skipped], 10),
            new([new BlockShape(1, 12), BlockShape.Skipped], 8),
        ]);
        using (var trainer = new JointTrainer(model, ElasticSpace.For(Config), Settings with { WeightDecay = 0.5 }, source: networks)) trainer.Run(Corpus);

        void Moved(Tensor now, Tensor then) => Assert.False(now.equal(then).any().item<bool>());
        void Kept(Tensor now, Tensor then) => Assert.True(now.equal(then).all().item<bool>());
        foreach ((Tensor now, Tensor then) in weights.Blocks[1].Named().Zip(before.Blocks[1].Named(), (a, b) => (a.Tensor, b.Tensor))) Kept(now, then);
        Kept(weights.Embedding_VC.narrow(1, 10, 6), before.Embedding_VC.narrow(1, 10, 6));
        Moved(weights.Head_VC.narrow(1, 0, 10), before.Head_VC.narrow(1, 0, 10));
        Kept(weights.FinalNorm_C.narrow(0, 10, 6), before.FinalNorm_C.narrow(0, 10, 6));
        // Rows 0 … 5 were used ten wide, rows 6 … 11 eight wide, the rest not at all: a staircase.
        (Tensor down, Tensor downBefore) = (weights.Blocks[0].Down_DC, before.Blocks[0].Down_DC);
        Moved(down.narrow(0, 0, 6).narrow(1, 0, 10), downBefore.narrow(0, 0, 6).narrow(1, 0, 10));
        Moved(down.narrow(0, 6, 6).narrow(1, 0, 8), downBefore.narrow(0, 6, 6).narrow(1, 0, 8));
        Kept(down.narrow(0, 6, 6).narrow(1, 8, 8), downBefore.narrow(0, 6, 6).narrow(1, 8, 8));
        Kept(down.narrow(0, 12, 8), downBefore.narrow(0, 12, 8));
    }

    [Fact]
    public void AResumedRunEqualsAnUninterruptedOne()
    {
        JointTrainingSettings settings = Settings with { DistillationWeight = 0.5 };
        using DecoderWeights start = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config), straight = start.Clone(), halved = start.Clone();
        using var teacher = new DecoderModel(start, ownsWeights: false);
        using var model = new DecoderModel(straight, ownsWeights: false);
        using (var trainer = new JointTrainer(model, ElasticSpace.For(Config), settings, teacher)) trainer.Run(Corpus);

        using var second = new DecoderModel(halved, ownsWeights: false);
        using var first = new JointTrainer(second, ElasticSpace.For(Config), settings, teacher);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => first.Run(Corpus, onStep: s => { if (s.Step == 6) stop.Cancel(); }, cancellation: stop.Token));
        using var resumed = new JointTrainer(second, ElasticSpace.For(Config), settings, teacher);
        resumed.GoOnAfter(first.StepsDone);
        resumed.Optimizer.FirstMoment.copy_(first.Optimizer.FirstMoment);
        resumed.Optimizer.SecondMoment.copy_(first.Optimizer.SecondMoment);
        resumed.Run(Corpus);

        Assert.True(straight.Flat.equal(halved.Flat).all().item<bool>());
        Assert.False(straight.Flat.equal(start.Flat).all().item<bool>());
    }

    [Fact]
    public void TrainingLearnsAPredictableSequenceAtEveryWidth()
    {
        using DecoderWeights weights = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config);
        using var model = new DecoderModel(weights, ownsWeights: false);
        ElasticSpace space = ElasticSpace.For(Config);
        var heldOut = new HeldOutLoss(Corpus, 16, 8);
        double[] before = [heldOut.Of(model, space.Smallest).Mean, heldOut.Of(model, space.Largest).Mean];
        using (var trainer = new JointTrainer(model, space, Settings with { Steps = 150, LearningRate = 1e-2 })) trainer.Run(Corpus);

        Assert.True(heldOut.Of(model, space.Smallest).Mean < 0.3, $"smallest {heldOut.Of(model, space.Smallest).Mean}, before {before[0]}");
        Assert.True(heldOut.Of(model, space.Largest).Mean < 0.1, $"largest {heldOut.Of(model, space.Largest).Mean}, before {before[1]}");
    }

    [Fact]
    public void AGradientThatIsNoNumberUpdatesNothing()
    {
        using DecoderWeights weights = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config), before = weights.Clone();
        using var optimizer = new FlatAdamW(weights, Settings);
        optimizer.Gradients.Flat[3] = float.NaN;

        var e = Assert.Throws<FlextronException>(() => optimizer.Step(0, 1e-3, [SubNetwork.Full(Config)]));
        Assert.Contains("diverged at step 1", e.Message, StringComparison.Ordinal);
        Assert.True(weights.Flat.equal(before.Flat).all().item<bool>());
        Assert.Equal(0f, optimizer.Gradients.Flat.abs().sum().item<float>());
    }

    [Fact]
    public void BatchesOfAStepCountAsOneLargeBatch()
    {
        DecoderWeights Trained(int batch, int batches)
        {
            DecoderWeights weights = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config);
            using var model = new DecoderModel(weights, ownsWeights: false);
            using var trainer = new JointTrainer(model, ElasticSpace.For(Config), Settings with { BatchSize = batch, BatchesPerStep = batches });
            trainer.Run(Corpus);
            return weights;
        }

        using DecoderWeights large = Trained(4, 1), accumulated = Trained(2, 2);
        Assert.True((large.Flat - accumulated.Flat).abs().max().item<float>() < 1e-4f);
    }

    [Fact]
    public void ALossThatIsNoNumberStopsTheRunBeforeAnythingIsUpdated()
    {
        using DecoderWeights weights = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config);
        using var model = new DecoderModel(weights, ownsWeights: false);
        using var trainer = new JointTrainer(model, ElasticSpace.For(Config), Settings);
        using var scope = NewDisposeScope();
        Tensor? moments = null, poisoned = null;

        var e = Assert.Throws<FlextronException>(() => trainer.Run(Corpus, onStep: s =>
        {
            if (s.Step != 5) return;
            using var noGrad = no_grad();
            weights.FinalNorm_C[0] = float.NaN;
            (moments, poisoned) = (trainer.Optimizer.FirstMoment.clone(), weights.Flat.nan_to_num().clone());
        }));

        Assert.Contains("diverged at step 6", e.Message, StringComparison.Ordinal);
        Assert.Equal(5, trainer.StepsDone);
        Assert.True(trainer.Optimizer.FirstMoment.equal(moments!).all().item<bool>());
        Assert.True(weights.Flat.nan_to_num().equal(poisoned!).all().item<bool>());
    }

    [Fact]
    public void SettingsThatCannotWorkAreNamed()
    {
        var e = Assert.Throws<FlextronException>(() => (Settings with { NetworksPerStep = 1, Strategy = SamplingStrategy.Sandwich }).Validated());
        Assert.Contains("networksPerStep 2 or more", e.Message, StringComparison.Ordinal);
    }

    private sealed class FixedNetworks(IReadOnlyList<SubNetwork> networks) : ISubNetworkSource
    {
        public IReadOnlyList<SubNetwork> At(int step) => networks;
    }

    private static Tensor Loss(DecoderModel model, WeightView view, Tensor ids_BT, Tensor target_N) =>
        functional.cross_entropy(model.Logits(view, model.Hidden(view, ids_BT)).reshape(-1, Config.VocabularySize), target_N);

    private static DecoderWeights DecoderWeightsOver(Tensor flat) => DecoderWeights.Over(Config, flat);
}
