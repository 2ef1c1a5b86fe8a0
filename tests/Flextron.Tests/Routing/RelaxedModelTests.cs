using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Tests.Routing;

public sealed class RelaxedModelTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private static readonly ElasticSpace Space = ElasticSpace.For(Config, steps: 3);

    [Fact]
    public void OneHotChoicesEqualTheSlice()
    {
        using DecoderModel model = Model();
        using var relaxed = new RelaxedModel(model, Space);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor ids_BT = Ids();
        var random = new Random(1);
        for (int i = 0; i < 10; i++)
        {
            SubNetwork network = Space.Random(random);
            Tensor[] choices = [.. ChoiceVector.Split(Space, tensor(ChoiceVector.OneHot(Space, network)).unsqueeze(0)).Select(l => l.unsqueeze(1).expand(2, 1, l.size(1)))];
            Tensor expected = model.Forward(ids_BT, network);
            Close(expected, relaxed.Forward(ids_BT, (layer, _) => choices[layer]), 1e-4);
            // The same choices said token by token take the other path through attention.
            Close(expected, relaxed.Forward(ids_BT, (layer, _) => choices[layer].expand(2, ids_BT.size(1), choices[layer].size(2))), 1e-4);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GradientsOfTheChoicesAreFiniteDifferences(bool perToken)
    {
        using var exact = new DecoderModel(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config).Clone(ScalarType.Float64));
        using var relaxed = new RelaxedModel(exact, Space);
        using var scope = NewDisposeScope();
        Tensor ids_BT = Ids(), target_N = Ids().roll(1, 1).view(-1);
        long time = perToken ? ids_BT.size(1) : 1;
        manual_seed(3);
        Tensor[] scores = [.. ChoiceVector.Layers(Space).Select(k => randn([2, time, k], ScalarType.Float64).requires_grad_(true))];
        Tensor Loss() => functional.cross_entropy(
            relaxed.Forward(ids_BT, (layer, _) => functional.softmax(scores[layer], -1)).view(-1, Config.VocabularySize), target_N);
        Loss().backward();
        const double step = 1e-5;
        int checkedEntries = 0;
        double largest = 0;
        foreach (Tensor score in scores)
        {
            Tensor flat = score.view(-1), gradient = score.grad!.view(-1);
            for (long i = 0; i < flat.numel(); i += 1 + flat.numel() / 4)
            {
                double expected;
                using (no_grad())
                {
                    double value = flat[i].item<double>();
                    flat[i] = value + step;
                    double above = Loss().item<double>();
                    flat[i] = value - step;
                    expected = (above - Loss().item<double>()) / (2 * step);
                    flat[i] = value;
                }
                Assert.Equal(expected, gradient[i].item<double>(), 1e-8 + 1e-5 * Math.Abs(expected));
                largest = Math.Max(largest, Math.Abs(expected));
                checkedEntries++;
            }
        }
        Assert.True(checkedEntries >= 8 && largest > 1e-3, $"{checkedEntries} entries, largest {largest}");
    }

    [Fact]
    public void StraightThroughIsHardForwardAndSoftBackward()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor(new[] { 0.2, -1.0, 0.9, 0.1, 0.3, 2.0 }, [2, 3]).requires_grad_(true), weight = tensor(new[] { 1.0, 2.0, 4.0 });
        Tensor hard = RelaxedDraw.Of(logits, 0.7, hard: true, new Random(5));
        double[] values = hard.detach().data<double>().ToArray();
        Assert.All(values, v => Assert.True(v == 0 || Math.Abs(v - 1) < 1e-12));
        Assert.Equal(2, values.Sum(), 1e-12);
        (hard * weight).sum().backward();
        double[] gradient = logits.grad!.data<double>().ToArray();
        logits.grad!.zero_();
        Tensor soft = RelaxedDraw.Of(logits, 0.7, hard: false, new Random(5));
        (soft * weight).sum().backward();
        Assert.Equal(gradient, logits.grad!.data<double>().ToArray());
        Assert.True(gradient.Max(Math.Abs) > 0.01);
    }

    [Theory]
    [InlineData(RoutingMethod.GumbelSoftmax)]
    [InlineData(RoutingMethod.StraightThrough)]
    public void RoutersFindWhichPartsMatter(RoutingMethod method)
    {
        // Block 1 is silenced: whatever it is given is wasted, and all of the budget belongs to block 0.
        using DecoderModel model = Model();
        using (no_grad())
        {
            model.Weights.Blocks[1].Output_QC.zero_();
            model.Weights.Blocks[1].Down_DC.zero_();
        }
        // The text is the model's own: the whole network predicts it best.
        TokenCorpus text = Own(model);
        var costs = new RoutingCosts(0, [[1, 2], [1, 2]], [.. Enumerable.Range(0, 2).Select(_ => Space.Neurons.Select(d => d / 10.0).ToArray())]);
        var settings = new RelaxedRouterSettings { Steps = 120, SequenceLength = 16, LearningRate = 0.03 };
        using StaticRouters routers = RelaxedRouterTrainer.Run(model, Space, costs, text, method, settings, lossRange: 0.5);
        SubNetwork half = routers.SelectWithin(0.5, costs);
        Assert.Equal(Space.Largest.Blocks[0], half.Blocks[0]);
        Assert.Equal(Space.Smallest.Blocks[1], half.Blocks[1]);
    }

    [Fact]
    public void ALearnedRouterRepeatsBitForBit()
    {
        using DecoderModel model = Model();
        TokenCorpus text = TokenCorpus.OfIds([.. Enumerable.Range(0, 500).Select(i => i * 5 % 23)]);
        var costs = new RoutingCosts(1, [[1, 2], [1, 2]], [.. Enumerable.Range(0, 2).Select(_ => Space.Neurons.Select(d => d / 10.0).ToArray())]);
        byte[] Run(long seed)
        {
            using StaticRouters routers = RelaxedRouterTrainer.Run(model, Space, costs, text, RoutingMethod.StraightThrough, new() { Steps = 3, SequenceLength = 16, Seed = seed, WarmStartSteps = 10 }, 1);
            return StaticRoutersTests.Bits(routers);
        }

        Assert.Equal(Run(1), Run(1));
        Assert.NotEqual(Run(1), Run(2));
    }

    private static DecoderModel Model() => new(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config));

    private static Tensor Ids() => tensor(Enumerable.Range(0, 24).Select(i => (long)(i * 7 % 23)).ToArray(), [2, 12]);

    private static TokenCorpus Own(DecoderModel model)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var ids = new List<int>();
        var random = new Random(2);
        for (int i = 0; i < 60; i++)
        {
            // Text of 16 ids drawn from the model at a low temperature.
            var row = new List<long> { random.Next(23) };
            while (row.Count < 16)
            {
                float[] p = functional.softmax(model.Forward(tensor(row.ToArray()).unsqueeze(0))[0, -1] * 2, 0).data<float>().ToArray();
                double u = random.NextDouble();
                int id = 0;
                while (id < 22 && (u -= p[id]) > 0) id++;
                row.Add(id);
            }
            ids.AddRange(row.Select(r => (int)r));
        }
        return TokenCorpus.OfIds([.. ids]);
    }

    private static void Close(Tensor expected, Tensor actual, double tolerance) =>
        Assert.True((expected - actual).abs().max().item<float>() <= tolerance, $"{(expected - actual).abs().max().item<float>()}");
}
