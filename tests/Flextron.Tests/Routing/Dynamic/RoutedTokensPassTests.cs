using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Routing.Dynamic;
using Flextron.Tests.Reference;
using Flextron.Training;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Tests.Routing.Dynamic;

public sealed class RoutedTokensPassTests
{
    private const int Batch = 2, Time = 12;
    private static readonly ModelConfig Config = RandomLlama.TinyConfig() with { HeadCount = 8, KvGroupCount = 4 };
    private static readonly ElasticSpace Space = new([1, 2, 4], [8, 16, 20], Config.BlockCount);

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    public void WhereAllTokensChooseAlikeItIsTheStaticNetworksPass(double alpha)
    {
        using DecoderModel model = Model();
        using var scope = NewDisposeScope();
        TrainingBatch batch = Data(alpha);
        var random = new Random(1);
        for (int i = 0; i < 5; i++)
        {
            SubNetwork network = Space.Random(random);
            int[] indices = ChoiceVector.Indices(Space, network);
            (double loss, Tensor gradient) = Routed(model, batch, [.. indices.Select(k => Rows((_, _) => k))]);
            using DecoderWeights expected = DecoderWeights.Allocate(Config, ScalarType.Float32, CPU);
            using var pass = new ComposedPass(model, expected);
            Assert.Equal(pass.Run(network, batch, 0.7), loss, 1e-5);
            Close(expected.Flat, gradient);
            Assert.True(expected.Flat.abs().max().item<float>() > 1e-3);
        }
    }

    [Fact]
    public void MixedChoicesHaveTheGradientOfFiniteDifferences()
    {
        using DecoderModel model = Model();
        using var scope = NewDisposeScope();
        TrainingBatch batch = Data(0.3);
        var random = new Random(2);
        using Generator generator = new(3);
        // Choices for heads as well: tokens then miss keys of one another.
        for (int i = 0; i < 6; i++)
        {
            int[][][] choices = [.. Enumerable.Range(0, 2 * Config.BlockCount).Select(_ => Rows((_, _) => random.Next(3)))];
            (_, Tensor gradient) = Routed(model, batch, choices);
            // Along the gradient and across: a random direction alone would be a weak test of 3,000 numbers.
            foreach (double along in new[] { 1, 0 })
            {
                Tensor direction = along * gradient / gradient.norm() + (1 - along) * randn(gradient.shape, generator: generator) / Math.Sqrt(gradient.numel());
                const double Step = 3e-3;
                double At(double step)
                {
                    using (no_grad()) model.Weights.Flat.add_(direction, step);
                    double loss = Routed(model, batch, choices).Loss;
                    using (no_grad()) model.Weights.Flat.add_(direction, -step);
                    return loss;
                }

                // The pass was given the weight 0.7.
                double expected = 0.7 * (At(Step) - At(-Step)) / (2 * Step), actual = (gradient * direction).sum().item<float>();
                Assert.Equal(expected, actual, 0.02 * Math.Abs(expected) + 1e-3);
            }
        }
    }

    [Fact]
    public void MixedChoicesLoseWhatTheirMaskedFormLoses()
    {
        using DecoderModel model = Model();
        using var relaxed = new RelaxedModel(model, Space);
        using var scope = NewDisposeScope();
        TrainingBatch batch = Data(0);
        var random = new Random(4);
        int[][][] choices = [.. Enumerable.Range(0, 2 * Config.BlockCount).Select(_ => Rows((_, _) => random.Next(3)))];
        using var noGrad = no_grad();
        Tensor logits_BTV = relaxed.Forward(batch.Input_BT, (layer, _) => functional.one_hot(tensor(choices[layer].SelectMany(r => r).Select(k => (long)k).ToArray(), [Batch, Time]), 3).to(ScalarType.Float32));
        double expected = functional.cross_entropy(logits_BTV.view(-1, Config.VocabularySize), batch.Target_N).item<float>();
        using (enable_grad()) Assert.Equal(expected, Routed(model, batch, choices).Loss, 1e-5);
    }

    [Fact]
    public void TrainingUnderRoutedTokensLowersTheirLossAndRepeats()
    {
        TokenCorpus corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 3000).Select(i => i * i % 19)]);
        RoutingCosts costs = DynamicModelTests.Costs();
        var joint = new DynamicJointSettings
        {
            Training = new JointTrainingSettings { Steps = 30, BatchSize = 4, SequenceLength = 16, LearningRate = 3e-3, WarmupSteps = 2, DistillationWeight = 0, NetworksPerStep = 3, EvaluateEvery = 0 },
        };
        (float[] Weights, double Before, double After, int Steps) Run()
        {
            using DecoderModel model = Model();
            using DynamicRouters routers = DynamicModelTests.Random(model);
            var heldOut = new HeldOutLoss(corpus, 16, 8);
            double Loss() => heldOut.Of(ids_BT => new DynamicModel(model, Space).Forward(ids_BT, new RoutedChoices(routers, costs, [.. Enumerable.Repeat(0.4, (int)ids_BT.size(0))]))).Mean;
            double before = Loss();
            int steps = 0;
            DynamicJointTuning.Tune(model, routers, costs, corpus, joint, onStep: _ => steps++);
            return (model.Weights.Flat.data<float>().ToArray(), before, Loss(), steps);
        }

        (float[] weights, double before, double after, int steps) = Run();
        Assert.Equal(30, steps);
        Assert.True(after < before - 0.3, $"{before} to {after}");
        Assert.Equal(weights, Run().Weights);
    }

    [Fact]
    public void NothingNativeIsLeftBehind()
    {
        using DecoderModel model = Model();
        using DynamicRouters routers = DynamicModelTests.Random(model);
        using DecoderWeights gradients = DecoderWeights.Allocate(Config, ScalarType.Float32, CPU);
        using var pass = new RoutedTokensPass(model, gradients, routers, (_, sequences) => new RoutedChoices(routers, DynamicModelTests.Costs(), [.. Enumerable.Repeat(0.5, sequences)], BudgetKeeping.Capacities));
        using var outer = NewDisposeScope();
        TrainingBatch batch = Data(0.5);
        pass.Run(model.FullNetwork, batch, 1);
        long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (int i = 0; i < 20; i++) pass.Run(model.FullNetwork, batch, 1);
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void SettingsThatCannotBeAreRefused()
    {
        Assert.Contains("networksPerStep is 1", Assert.Throws<FlextronException>(() => new DynamicJointSettings { Training = new() { NetworksPerStep = 1 } }.Validated()).Message, StringComparison.Ordinal);
        Assert.Contains("temperature", Assert.Throws<FlextronException>(() => new DynamicJointSettings { Temperature = -1 }.Validated()).Message, StringComparison.Ordinal);
    }

    private static (double Loss, Tensor Gradient) Routed(DecoderModel model, TrainingBatch batch, int[][][] choices)
    {
        using DynamicRouters routers = DynamicModelTests.Random(model);
        DecoderWeights gradients = DecoderWeights.Allocate(Config, ScalarType.Float32, CPU);
        using var pass = new RoutedTokensPass(model, gradients, routers, (_, _) => new GivenChoices(choices));
        return (pass.Run(model.FullNetwork, batch, 0.7), gradients.Flat);
    }

    private static TrainingBatch Data(double alpha)
    {
        using Generator generator = new(7);
        long[] ids = [.. Enumerable.Range(0, Batch * (Time + 1)).Select(i => (long)(i * 7 % 23))];
        Tensor all = tensor(ids, [Batch, Time + 1]);
        Tensor? teacher_NV = alpha == 0 ? null : functional.log_softmax(randn([Batch * Time, Config.VocabularySize], generator: generator), 1);
        return new TrainingBatch(all.narrow(1, 0, Time).contiguous(), all.narrow(1, 1, Time).reshape(-1), teacher_NV, alpha);
    }

    private static DecoderModel Model() => new(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config));

    private static int[][] Rows(Func<int, int, int> choice) => [.. Enumerable.Range(0, Batch).Select(b => Enumerable.Range(0, Time).Select(t => choice(b, t)).ToArray())];

    private static void Close(Tensor expected, Tensor actual)
    {
        float worst = (expected - actual).abs().max().item<float>();
        Assert.True(worst <= 2e-5, $"largest difference {worst}");
    }
}
