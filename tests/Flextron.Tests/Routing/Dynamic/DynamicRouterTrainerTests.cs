using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Routing.Dynamic;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Tests.Routing.Dynamic;

/// <summary>
/// A model made so that what each token needs is known: attention adds nothing, and an MLP reads one channel only, which is zero for the ids from 11 up. These tokens
/// need no neurons at all, the others need all of them.
/// </summary>
public sealed class DynamicRouterTrainerTests
{
    private const int Batch = 4, Time = 32, Hard = 11;
    private static readonly ModelConfig Config = RandomLlama.TinyConfig() with { NeuronCount = 32 };
    private static readonly ElasticSpace Space = new([1, 2], [8, 16, 24, 32], Config.BlockCount);
    private static readonly RoutingCosts Costs = new(0.5, [[1, 2], [1, 2]], [[1, 2, 3, 4], [1, 2, 3, 4]]);
    private static readonly TokenCorpus Text = TokenCorpus.OfIds([.. Ids(new Random(3), 2000).Select(i => (int)i)]);

    [Fact]
    public void TokenLossesGiveNeuronsToTheTokensThatNeedThem()
    {
        using DecoderModel model = Model();
        var static_ = new Dictionary<double, SubNetwork>();
        SubNetwork Baseline(double target) => static_.TryGetValue(target, out SubNetwork? known) ? known : static_[target] = BestStatic(model, target);
        using var start = new StaticRouters(Space);
        (DynamicRouters routers, DynamicRoutingReport report) = DynamicRouterTrainer.Run(model, start, Baseline, Costs, Text, Settings(DynamicRoutingMethod.TokenLosses), 1);
        using (routers)
        {
            Assert.True(report.TokenFit.Spearman > 0.6 && report.TokenFit.Count > 100 && report.LmOperations > 0, report.ToString());
            using var scope = NewDisposeScope();
            long[] ids = Ids(new Random(4), Batch * Time);
            Tensor ids_BT = tensor(ids, [Batch, Time]);
            var recorded = new RecordedChoices(new RoutedChoices(routers, Costs, [.. Enumerable.Repeat(0.5, Batch)], BudgetKeeping.None));
            double dynamic = Divergence(model, ids_BT, new DynamicModel(model, Space).Forward(ids_BT, recorded));
            double cost = Costs.Fixed + Costs.Layers().Select((c, l) => recorded.Of(l)[0].Average(k => c[k])).Sum();
            Assert.InRange(cost, 0.8 * Costs.Target(0.5), 1.05 * Costs.Target(0.5));
            // All tokens of the static network's heads, and neurons where they are needed.
            Assert.Equal(Space.KvGroups.IndexOf(Baseline(0.5).Blocks[0].KvGroups), Assert.Single(recorded.Of(0)[0].Distinct()));
            for (int l = Config.BlockCount; l < 2 * Config.BlockCount; l++)
            {
                double Mean(bool hard) => recorded.Of(l)[0].Zip(ids).Where(p => p.Second < Hard == hard).Average(p => Space.Neurons[p.First]);
                Assert.True(Mean(hard: true) > Mean(hard: false) + 10, $"layer {l}: {Mean(true)} against {Mean(false)}");
            }
            using (no_grad())
            {
                double best = Divergence(model, ids_BT, model.Forward(ids_BT, BestStatic(model, Costs.Normalised(cost))));
                Assert.True(dynamic < 0.5 * best, $"{dynamic} nats against the best static network's {best}");
            }
        }
    }

    [Theory]
    [InlineData(DynamicRoutingMethod.TokenLosses)]
    [InlineData(DynamicRoutingMethod.Surrogate)]
    public void PricesSpendEveryTargetAndTheControllerKeepsIt(DynamicRoutingMethod method)
    {
        using DecoderModel model = Model();
        using var start = new StaticRouters(Space);
        DynamicRouterSettings settings = Settings(method);
        (DynamicRouters routers, _) = DynamicRouterTrainer.Run(model, start, t => Cheapest(t), Costs, Text, settings, 1);
        using (routers)
        {
            LayerBudgets budgets = routers.Budgets!;
            Assert.Equal(Enumerable.Range(0, 5).Select(i => i / 4.0), budgets.Targets);
            for (int i = 0; i < 5; i++)
            {
                // Attention is the baseline's to the last digit; MLPs have what is left, and the mean never exceeds it.
                Assert.Equal(Costs.Layers().Take(2).Select((c, b) => c[Space.KvGroups.IndexOf(Cheapest(i / 4.0).Blocks[b].KvGroups)]), budgets.Costs[i].Take(2));
                Assert.InRange(Costs.Fixed + budgets.Costs[i].Sum(), Costs.Smallest, Costs.Target(i / 4.0) * (1 + 1e-9));
            }
            // Where every layer's choices can be told apart by price the targets are spent: from the second on.
            Assert.All(Enumerable.Range(1, 3), i => Assert.True(Costs.Fixed + budgets.Costs[i].Sum() >= 0.9 * Costs.Target(i / 4.0), $"{i}: {Costs.Fixed + budgets.Costs[i].Sum()}"));
            using var scope = NewDisposeScope();
            // Prices are of the size of scores, so that between targets they weigh beside them; at the dear end they are just what buys the whole network.
            Assert.All(budgets.Prices!, p => Assert.InRange(p, -1e4, 1e4));
            var windows = new WindowSampler(Text, settings.SequenceLength, settings.Seed);
            var whole = new RoutedChoices(routers, Costs, [.. Enumerable.Repeat(1.0, 8)]);
            new DynamicModel(model, Space).Hidden(windows.Windows(windows.Spread(8)).Input_BT, whole);
            Assert.InRange(Enumerable.Range(0, 8).Average(whole.Controller!.MeanCost), 0.98 * Costs.Full, Costs.Full * (1 + 1e-9));
            double[] targets = [0.1, 0.3, 0.55, 0.9];
            var choices = new RoutedChoices(routers, Costs, targets);
            new DynamicModel(model, Space).Hidden(tensor(Ids(new Random(5), Batch * Time), [Batch, Time]), choices);
            for (int b = 0; b < Batch; b++) Assert.InRange(choices.Controller!.WorstRatio(b), 0.3, 1 + 1e-9);
            using TemporaryFolder folder = TestData.Temporary();
            routers.Save(folder.Path);
            using DynamicRouters read = DynamicRouters.Load(folder.Path, Space, Config.HiddenSize);
            Assert.Equal(budgets.Prices, read.Budgets!.Prices);
            Assert.Equal(budgets.Attention!.SelectMany(a => a), read.Budgets.Attention!.SelectMany(a => a));
        }
    }

    [Fact]
    public void ABaselineBeyondItsTargetOrItsSpaceIsRefused()
    {
        using DecoderModel model = Model();
        using var start = new StaticRouters(Space);
        string Message(SubNetwork network) => Assert.Throws<FlextronException>(
            () => DynamicRouterTrainer.Run(model, start, _ => network, Costs, Text, Settings(DynamicRoutingMethod.TokenLosses), 1)).Message;
        Assert.Contains("costs more", Message(Space.Largest), StringComparison.Ordinal);
        Assert.Contains("among the elastic choices", Message(new SubNetwork(Enumerable.Repeat(new BlockShape(0, 8), 2))), StringComparison.Ordinal);
    }

    private static DynamicRouterSettings Settings(DynamicRoutingMethod method) => new()
    {
        Method = method, Rounds = 2, ExplorationBatches = 10, BatchSize = 4, SequenceLength = 32, FitSteps = 250, Steps = 40, LearningRate = 0.02, BudgetTargets = 5,
    };

    private static DecoderModel Model()
    {
        var model = new DecoderModel(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config));
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        model.Weights.Embedding_VC.select(1, 0).copy_(tensor(Enumerable.Range(0, Config.VocabularySize).Select(i => i < Hard ? 2f : 0f).ToArray()));
        foreach (BlockWeights block in model.Weights.Blocks)
        {
            block.Output_QC.zero_();
            block.Up_DC.narrow(1, 1, Config.HiddenSize - 1).zero_();
            block.Down_DC.select(1, 0).zero_();
        }
        return model;
    }

    private static long[] Ids(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(Config.VocabularySize))];

    // By brute force over the whole space.
    private static SubNetwork BestStatic(DecoderModel model, double target)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids_BT = tensor(Ids(new Random(9), Batch * Time), [Batch, Time]);
        return All().Where(n => Costs.Hard(n, Space) <= Costs.Target(target) * (1 + 1e-9)).MinBy(n => Divergence(model, ids_BT, model.Forward(ids_BT, n)))!;
    }

    private static SubNetwork Cheapest(double target) => All().Where(n => Costs.Hard(n, Space) <= Costs.Target(target) * (1 + 1e-9)).MaxBy(n => Costs.Hard(n, Space))!;

    private static IEnumerable<SubNetwork> All() =>
        from g in Space.KvGroups from h in Space.KvGroups from m in Space.Neurons from n in Space.Neurons select new SubNetwork([new BlockShape(g, m), new BlockShape(h, n)]);

    // Of the whole network's predictions from the given ones, nats per token.
    private static double Divergence(DecoderModel model, Tensor ids_BT, Tensor logits_BTV)
    {
        using var noGrad = no_grad();
        Tensor whole_BTV = functional.log_softmax(model.Forward(ids_BT), -1);
        return (whole_BTV.exp() * (whole_BTV - functional.log_softmax(logits_BTV, -1))).sum(-1).mean().item<float>();
    }
}
