using Flextron.Elastic;
using Flextron.Routing;
using Flextron.Routing.Dynamic;

namespace Flextron.Tests.Routing.Dynamic;

public sealed class BudgetControllerTests
{
    [Fact]
    public void TheRunningMeanNeverExceedsTheTargetWhateverRoutersAskFor()
    {
        int sequences = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            (ElasticSpace space, RoutingCosts costs) = Family(random);
            // Targets at and beyond both ends too.
            double[] targets = [0, 1, .. Enumerable.Range(0, 6).Select(_ => random.NextDouble())];
            BudgetController controller = new(space, costs, Budgets(space, costs, random), targets, new BudgetSettings { Burst = 20 * random.NextDouble(), Gain = 10 * random.NextDouble() });
            double greed = 20 * random.NextDouble();
            double[] worst = new double[targets.Length];
            for (int token = 0; token < 60; token++)
            {
                Step(controller, space, random, targets.Length, 1, greed);
                // A promise of + 0 %, up to the rounding of sums.
                for (int b = 0; b < targets.Length; b++)
                {
                    Assert.True(controller.MeanCost(b) <= costs.Target(targets[b]) * (1 + 1e-9), $"seed {seed}, token {token}: {controller.MeanCost(b)} > {costs.Target(targets[b])}");
                    worst[b] = Math.Max(worst[b], controller.MeanCost(b) / costs.Target(targets[b]));
                }
            }
            for (int b = 0; b < targets.Length; b++) Assert.Equal(worst[b], controller.WorstRatio(b), 1e-9);
            Assert.Equal(60, controller.Tokens);
            sequences += targets.Length;
        }
        Assert.True(sequences >= 3000);
    }

    [Fact]
    public void BudgetIsUsedWhereRoutersWantIt()
    {
        var shares = new List<double>();
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            (ElasticSpace space, RoutingCosts costs) = Family(random);
            double[] targets = [.. Enumerable.Range(0, 8).Select(_ => random.NextDouble())];
            BudgetController controller = new(space, costs, Budgets(space, costs, random), targets);
            for (int token = 0; token < 100; token++) Step(controller, space, random, targets.Length, 1, greed: 2);
            shares.AddRange(targets.Select((t, b) => (controller.MeanCost(b) - costs.Smallest) / (costs.Target(t) - costs.Smallest)));
        }
        Assert.True(shares.Average() > 0.9, $"{shares.Average()}");
        Assert.All(shares, s => Assert.True(s <= 1 + 1e-9));
    }

    [Fact]
    public void ReadingAtOnceOrTokenByTokenDecidesTheSame()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            (ElasticSpace space, RoutingCosts costs) = Family(random);
            LayerBudgets budgets = Budgets(space, costs, random);
            double[] targets = [random.NextDouble(), random.NextDouble(), random.NextDouble()];
            const int time = 24;
            float[][] scores = [.. costs.Layers().Select(c => Enumerable.Range(0, 3 * time * c.Length).Select(_ => 4 * random.NextSingle()).ToArray())];
            var atOnce = new BudgetController(space, costs, budgets, targets);
            int[][] whole = new int[scores.Length][];
            foreach (int layer in Order(space)) whole[layer] = atOnce.Decide(layer, scores[layer]);
            var stepwise = new BudgetController(space, costs, budgets, targets);
            for (int start = 0; start < time;)
            {
                int count = Math.Min(time - start, 1 + random.Next(4));
                foreach (int layer in Order(space))
                {
                    int k = costs.Layers()[layer].Length;
                    float[] part = [.. Enumerable.Range(0, 3).SelectMany(b => scores[layer].Skip((b * time + start) * k).Take(count * k))];
                    int[] decided = stepwise.Decide(layer, part);
                    for (int b = 0; b < 3; b++)
                        for (int t = 0; t < count; t++) Assert.Equal(whole[layer][b * time + start + t], decided[b * count + t]);
                }
                start += count;
            }
            for (int b = 0; b < 3; b++)
            {
                Assert.Equal(atOnce.MeanCost(b), stepwise.MeanCost(b), 1e-9);
                Assert.Equal(atOnce.WorstRatio(b), stepwise.WorstRatio(b), 1e-9);
            }
        }
    }

    [Fact]
    public void LaterTokensChangeNothingBefore()
    {
        var random = new Random(7);
        (ElasticSpace space, RoutingCosts costs) = Family(random);
        LayerBudgets budgets = Budgets(space, costs, random);
        float[][] scores = [.. costs.Layers().Select(c => Enumerable.Range(0, 20 * c.Length).Select(_ => 4 * random.NextSingle()).ToArray())];
        int[][] Run()
        {
            var controller = new BudgetController(space, costs, budgets, [0.4]);
            var decided = new int[scores.Length][];
            foreach (int layer in Order(space)) decided[layer] = controller.Decide(layer, scores[layer]);
            return decided;
        }

        int[][] before = Run();
        for (int l = 0; l < scores.Length; l++) Array.Fill(scores[l], 99f, 15 * (scores[l].Length / 20), 5 * (scores[l].Length / 20));
        int[][] after = Run();
        Assert.All(before.Zip(after), p => Assert.Equal(p.First.Take(15), p.Second.Take(15)));
    }

    [Fact]
    public void SharesAddUpToTheTargetAndEveryLayerCanPayItsCheapestChoice()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            (ElasticSpace space, RoutingCosts costs) = Family(random);
            LayerBudgets budgets = Budgets(space, costs, random);
            for (int i = 0; i <= 20; i++)
            {
                double[] shares = budgets.At(i / 20.0, costs);
                Assert.Equal(costs.Target(i / 20.0) - costs.Fixed, shares.Sum(), 1e-9);
                Assert.All(shares.Zip(costs.Layers()), p => Assert.InRange(p.First, p.Second.Min() - 1e-12, p.Second.Max() + 1e-12));
            }
        }
    }

    [Fact]
    public void GivenAttentionIsPaidExactlyAndTheRestIsTheOthers()
    {
        var costs = new RoutingCosts(1, [[1, 2, 4]], [[1, 3, 5]]);
        var space = new ElasticSpace([1, 2, 4], [8, 16, 24], 1);
        var budgets = new LayerBudgets([0, 0.5, 1], [[1, 1], [2, 3], [4, 5]]) { Attention = [[0], [1], [2]], Prices = [4, 2, 0] };
        // The range from 3 to 10: a target of 0.75 is 8.25, of which 1 is fixed and 2 attention's, that of the target 0.5.
        Assert.Equal([2, 5], budgets.At(0.75, costs));
        Assert.Equal([0], budgets.AttentionAt(0.49, costs)!);
        // Where attention costs more than when the choices were made, a target that does not pay for them takes those of a lower one.
        var dear = new RoutingCosts(1, [[1, 2, 40]], [[30, 30, 31]]);
        LayerBudgets greedy = budgets with { Attention = [[0], [2], [2]] };
        Assert.Equal([0], greedy.AttentionAt(0.5, dear)!);
        Assert.Equal([2], greedy.AttentionAt(1, dear)!);
        Assert.Equal([1, 31], greedy.At(0.5, dear));
        Assert.Equal([2, 1.5], budgets.At(0.5, costs).Select((x, i) => i == 0 ? x : x - 2).Select(x => Math.Round(x, 9)));
        Assert.Equal(3, budgets.PriceAt(0.25), 1e-12);
        var controller = new BudgetController(space, costs, budgets, [0.5, 1]);
        Assert.Equal([1, 1, 2, 2], controller.Spend(0, [1, 2], 2));
        controller.Decide(1, [.. Enumerable.Repeat(0f, 2 * 2 * 3)]);
        Assert.Equal(2, controller.MeanLayerCosts(0)[0]);
        Assert.Contains("do not pay", Assert.Throws<FlextronException>(() => controller.Spend(0, [2, 2], 1)).Message, StringComparison.Ordinal);
        Assert.Throws<FlextronException>(() => (budgets with { Attention = [[0], [3], [2]] }).ValidatedFor(space, "x"));
        Assert.Throws<FlextronException>(() => (budgets with { Prices = [1] }).ValidatedFor(space, "x"));
    }

    [Fact]
    public void AttentionThatNoTargetPaysForGivesWayToTheCheapest()
    {
        var space = new ElasticSpace([1, 2, 4], [8, 16, 24], 1);
        // One and two groups cost the same where the choices were made, and not where they are used.
        var tied = new LayerBudgets([0, 1], [[1, 1], [4, 5]]) { Attention = [[1], [2]] };
        Assert.Equal([1], tied.AttentionAt(0, new RoutingCosts(1, [[1, 1, 4]], [[1, 3, 5]]))!);
        var costs = new RoutingCosts(1, [[1, 2, 4]], [[1, 3, 5]]);
        Assert.Equal([0], tied.AttentionAt(0, costs)!);
        var controller = new BudgetController(space, costs, tied, [0]);
        controller.Spend(0, tied.AttentionAt(0, costs)!, 3);
        controller.Decide(1, new float[9]);
        Assert.Equal(costs.Smallest, controller.MeanCost(0), 1e-9);
        Assert.Equal(1, controller.WorstRatio(0), 1e-9);
    }

    [Fact]
    public void ALayerThatIsPaidItsDearestChoiceKeepsNoStore()
    {
        var space = new ElasticSpace([1, 2], [8, 16, 24], 1);
        var costs = new RoutingCosts(1, [[1, 2]], [[1, 3, 5]]);
        var controller = new BudgetController(space, costs, new LayerBudgets([0, 1], [[1, 1], [2, 5]]), [1]);
        // The whole network is paid for: a slight preference for it decides, from the first token on.
        Assert.Equal([1, 1], controller.Decide(0, [0, 0.1f, 0, 0.1f]));
        Assert.Equal([2, 2], controller.Decide(1, [0, 0, 0.1f, 0, 0, 0.1f]));
        Assert.Equal(costs.Full, controller.MeanCost(0), 1e-9);
    }

    private static (ElasticSpace Space, RoutingCosts Costs) Family(Random random)
    {
        var family = new SeparableFamily(random.Next(), 1 + random.Next(4), 1 + random.Next(4), 2 + random.Next(7));
        return (family.Space, family.Costs);
    }

    private static LayerBudgets Budgets(ElasticSpace space, RoutingCosts costs, Random random) => new(
        [0, 0.3, 1], [.. Enumerable.Range(0, 3).Select(_ => (IReadOnlyList<double>)[.. costs.Layers().Select(c => c.Min() + (c.Max() - c.Min()) * random.NextDouble())])]);

    private static void Step(BudgetController controller, ElasticSpace space, Random random, int rows, int time, double greed)
    {
        int[] counts = [.. ChoiceVector.Layers(space)];
        foreach (int layer in Order(space))
        {
            int k = counts[layer];
            controller.Decide(layer, [.. Enumerable.Range(0, rows * time * k).Select(i => (float)(greed * (i % k) / k + 3 * random.NextDouble()))]);
        }
    }

    private static IEnumerable<int> Order(ElasticSpace space) => Enumerable.Range(0, space.BlockCount).SelectMany(b => new[] { b, space.BlockCount + b });
}
