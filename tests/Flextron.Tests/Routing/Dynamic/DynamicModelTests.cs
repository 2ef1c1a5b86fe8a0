using Flextron.Elastic;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Routing.Dynamic;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Tests.Routing.Dynamic;

public sealed class DynamicModelTests
{
    private const int Batch = 3, Time = 12;
    private static readonly ModelConfig Config = RandomLlama.TinyConfig() with { HeadCount = 8, KvGroupCount = 4 };
    private static readonly ElasticSpace Space = new([1, 2, 4], [8, 16, 20], Config.BlockCount);

    [Fact]
    public void WhereAllTokensChooseAlikeItIsTheStaticNetwork()
    {
        using DecoderModel model = Model();
        using var scope = NewDisposeScope();
        var random = new Random(1);
        for (int i = 0; i < 10; i++)
        {
            SubNetwork network = Space.Random(random);
            int[] indices = ChoiceVector.Indices(Space, network);
            var choices = new GivenChoices([.. indices.Select(k => Rows((_, _) => k))]);
            using (no_grad()) Close(model.Forward(Ids(), network), new DynamicModel(model, Space).Forward(Ids(), choices));
        }
    }

    [Fact]
    public void MixedChoicesEqualTheirMaskedForm()
    {
        using DecoderModel model = Model();
        using var relaxed = new RelaxedModel(model, Space);
        using var scope = NewDisposeScope();
        var random = new Random(2);
        for (int i = 0; i < 20; i++)
        {
            int[][][] choices = RandomChoices(random, i);
            Tensor[] oneHot_BTK = [.. choices.Select(layer => functional.one_hot(
                tensor(layer.SelectMany(r => r).Select(k => (long)k).ToArray(), [Batch, Time]), 3).to(ScalarType.Float32))];
            using var noGrad = no_grad();
            Close(relaxed.Forward(Ids(), (layer, _) => oneHot_BTK[layer]), new DynamicModel(model, Space).Forward(Ids(), new GivenChoices(choices)));
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 1)]
    [InlineData(4, 3)]
    public void CachedDecodingEqualsOnePassUnderTheSameChoices(int prompt, int step)
    {
        using DecoderModel model = Model();
        var dynamic = new DynamicModel(model, Space);
        using var scope = NewDisposeScope();
        var random = new Random(3);
        for (int i = 0; i < 10; i++)
        {
            int[][][] choices = RandomChoices(random, i);
            Tensor whole_BTV = dynamic.Forward(Ids(), new GivenChoices(choices));
            using DynamicCache cache = dynamic.NewCache(Batch, Time);
            var stepwise = new GivenChoices(choices);
            for (int start = 0; start < Time;)
            {
                int count = Math.Min(start == 0 ? prompt : step, Time - start);
                Close(whole_BTV.narrow(1, start, count), dynamic.Forward(Ids().narrow(1, start, count), stepwise, cache));
                start += count;
            }
            // A token that chose g groups has keys and values in g groups and in no others.
            long held = Enumerable.Range(0, Config.BlockCount).Sum(b => choices[b].Sum(row => row.Sum(k => (long)Space.KvGroups[k])));
            Assert.Equal(held * 2 * Config.HeadSize * sizeof(float), cache.HeldBytes);
        }
    }

    [Fact]
    public void LiveRoutersUnderTheirControllerDecodeAsTheyRead()
    {
        using DecoderModel model = Model();
        using DynamicRouters routers = Random(model);
        RoutingCosts costs = Costs();
        double[] targets = [0.2, 0.5, 0.8];
        var dynamic = new DynamicModel(model, Space);
        using var scope = NewDisposeScope();
        RoutedChoices Choices() => new(routers, costs, targets);
        var recorded = new RecordedChoices(Choices());
        Tensor whole_BTV = dynamic.Forward(Ids(), recorded);
        Assert.True(recorded.Of(0)[0].Distinct().Count() > 1 && recorded.Of(Config.BlockCount)[0].Distinct().Count() > 1);
        using DynamicCache cache = dynamic.NewCache(Batch, Time);
        RoutedChoices stepwise = Choices();
        Close(whole_BTV.narrow(1, 0, 4), dynamic.Forward(Ids().narrow(1, 0, 4), stepwise, cache));
        for (int t = 4; t < Time; t++) Close(whole_BTV.narrow(1, t, 1), dynamic.Forward(Ids().narrow(1, t, 1), stepwise, cache));
        for (int b = 0; b < Batch; b++) Assert.InRange(stepwise.Controller!.MeanCost(b), costs.Smallest, costs.Target(targets[b]) * (1 + 1e-9));
    }

    [Fact]
    public void APromptByCapacitiesIsFollowedByTokensUnderTheControllerAndTheMeanCarriesOver()
    {
        using DecoderModel model = Model();
        using DynamicRouters routers = Random(model);
        RoutingCosts costs = Costs();
        double[] targets = [0.2, 0.5, 0.8];
        var dynamic = new DynamicModel(model, Space);
        using var scope = NewDisposeScope();
        using DynamicCache cache = dynamic.NewCache(Batch, Time);
        RoutedChoices choices = new(routers, costs, targets, BudgetKeeping.Capacities);
        using var recorded = new RecordedChoices(choices);
        dynamic.Forward(Ids().narrow(1, 0, 8), recorded, cache);
        double[] prompt = [.. targets.Select((_, b) => choices.Controller!.MeanCost(b))];
        // By capacities the prompt costs its target but for a step of single tokens.
        for (int b = 0; b < Batch; b++) Assert.InRange(prompt[b], costs.Target(targets[b]) - 3.0 / 8 * 4, costs.Target(targets[b]) * (1 + 1e-9));
        Assert.True(recorded.Of(0)[0].Distinct().Count() > 1);
        for (int t = 8; t < Time; t++) dynamic.Forward(Ids().narrow(1, t, 1), recorded, cache);
        for (int b = 0; b < Batch; b++)
        {
            int[] indices = [.. Enumerable.Range(0, 2 * Config.BlockCount)];
            double spent = indices.Sum(l => recorded.Of(l)[0].Skip(8 * b).Take(8).Concat(recorded.Of(l).Skip(1).Select(p => p[b])).Sum(k => costs.Layers()[l][k]));
            Assert.Equal(costs.Fixed + spent / Time, choices.Controller!.MeanCost(b), 1e-9);
            Assert.InRange(choices.Controller.WorstRatio(b), 0.5, 1 + 1e-9);
        }
    }

    [Fact]
    public void RoutersReadHiddenStatesOfAnyElementType()
    {
        using DecoderModel model = Model();
        using DynamicRouters routers = Random(model);
        using var scope = NewDisposeScope();
        using Generator generator = new(5);
        Tensor x_BTC = randn([Batch, Time, Config.HiddenSize], generator: generator).to(ScalarType.BFloat16);
        int[] Choose(Tensor x) => new RoutedChoices(routers, Costs(), [0.2, 0.5, 0.8]).Choose(0, x);
        int[] chosen = Choose(x_BTC);
        Assert.True(chosen.Distinct().Count() > 1);
        Assert.Equal(Choose(x_BTC.to(ScalarType.Float32)), chosen);
    }

    [Fact]
    public void NothingNativeIsLeftBehind()
    {
        using DecoderModel model = Model();
        var dynamic = new DynamicModel(model, Space);
        var random = new Random(4);
        using Tensor ids_BT = Ids();
        void Pass(int i)
        {
            using DynamicCache cache = dynamic.NewCache(Batch, Time);
            var choices = new GivenChoices(RandomChoices(random, i));
            for (int t = 0; t < Time; t += 4)
            {
                using Tensor part_BT = ids_BT.narrow(1, t, 4);
                dynamic.Forward(part_BT, choices, cache).Dispose();
            }
        }

        Pass(0);
        long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (int i = 0; i < 20; i++) Pass(i);
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void MoreTokensThanTheCacheHoldsAreRefused()
    {
        using DecoderModel model = Model();
        var dynamic = new DynamicModel(model, Space);
        using DynamicCache cache = dynamic.NewCache(Batch, 8);
        Assert.Contains("12 tokens do not fit the 8", Assert.Throws<FlextronException>(
            () => dynamic.Forward(Ids(), new GivenChoices(RandomChoices(new Random(1), 0)), cache)).Message, StringComparison.Ordinal);
    }

    internal static RoutingCosts Costs() => new(1, [[1, 2, 4], [1, 2, 4]], [.. Enumerable.Range(0, 2).Select(_ => Space.Neurons.Select(d => d / 10.0).ToArray())]);

    /// <summary>Routers whose choices really depend on the token.</summary>
    internal static DynamicRouters Random(DecoderModel model) => Random(model, Space, Costs());

    /// <summary>The same for other choices.</summary>
    internal static DynamicRouters Random(DecoderModel model, ElasticSpace space, RoutingCosts costs)
    {
        using var blank = new StaticRouters(space);
        var routers = new DynamicRouters(blank, model.Config.HiddenSize);
        using var noGrad = no_grad();
        using Generator generator = new(1);
        foreach (TorchSharp.Modules.Parameter parameter in routers.Parameters) parameter.add_(randn(parameter.shape, generator: generator));
        routers.Budgets = new LayerBudgets([0, 1], [.. Enumerable.Range(0, 2).Select(_ => (IReadOnlyList<double>)[.. costs.Layers().Select(c => c.Average())])]);
        return routers;
    }

    private static DecoderModel Model() => new(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config));

    private static Tensor Ids() => tensor(Enumerable.Range(0, Batch * Time).Select(i => (long)(i * 7 % 23)).ToArray(), [Batch, Time]);

    private static int[][] Rows(Func<int, int, int> choice) => [.. Enumerable.Range(0, Batch).Select(b => Enumerable.Range(0, Time).Select(t => choice(b, t)).ToArray())];

    // Some layers at one choice for all, some sequences that never reach a level, all else random.
    private static int[][][] RandomChoices(Random random, int kind) => [.. Enumerable.Range(0, 2 * Config.BlockCount).Select(layer =>
        layer == kind % 5 ? Rows((_, _) => kind % 3) : Rows((b, _) => b == kind % 4 ? 0 : random.Next(3)))];

    private static void Close(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        float worst = (expected - actual).abs().max().item<float>();
        Assert.True(worst <= 1e-4, $"largest difference {worst}");
    }
}
