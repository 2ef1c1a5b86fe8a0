using Flextron.Elastic;
using Flextron.Routing;
using Flextron.Routing.Dynamic;

namespace Flextron.Tests.Routing.Dynamic;

public sealed class CapacityTests
{
    [Fact]
    public void TheAssignmentIsTheBestOfAllWithThoseCounts()
    {
        (int improved, int cases) = (0, 0);
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            (int tokens, int choices) = (2 + random.Next(6), 2 + random.Next(3));
            double[] costs = [.. Enumerable.Range(0, choices).Select(_ => random.NextDouble())];
            int[] counts = new int[choices], chosen = new int[tokens];
            for (int t = 0; t < tokens; t++) counts[random.Next(choices)]++;
            // Ties too.
            float[] scores = [.. Enumerable.Range(0, tokens * choices).Select(_ => seed % 3 == 0 ? random.Next(3) : random.NextSingle())];
            CapacityAssignment.Assign(scores, costs, counts, chosen);
            Assert.Equal(counts, Enumerable.Range(0, choices).Select(k => chosen.Count(c => c == k)));
            double best = Best(scores, choices, counts, tokens), random1 = Total(scores, choices, [.. counts.SelectMany((c, k) => Enumerable.Repeat(k, c))]);
            Assert.Equal(best, Total(scores, choices, chosen), 1e-5);
            if (random1 < best - 1e-5) improved++;
            cases++;
        }
        // Any assignment would not have done.
        Assert.True(improved > cases / 2, $"{improved} of {cases}");
    }

    [Fact]
    public void LargeAssignmentsHaveNoGainingExchangeOfTwoOrThreeTokens()
    {
        var random = new Random(5);
        const int Tokens = 200, Choices = 6;
        float[] scores = [.. Enumerable.Range(0, Tokens * Choices).Select(_ => random.NextSingle())];
        double[] costs = [1, 2, 3, 4, 5, 6];
        int[] chosen = new int[Tokens];
        CapacityAssignment.Assign(scores, costs, [50, 20, 30, 40, 25, 35], chosen);
        float Score(int t, int k) => scores[t * Choices + k];
        for (int a = 0; a < Tokens; a++)
            for (int b = 0; b < Tokens; b++)
                Assert.True(Score(a, chosen[b]) + Score(b, chosen[a]) <= Score(a, chosen[a]) + Score(b, chosen[b]) + 1e-5);
        for (int i = 0; i < 200_000; i++)
        {
            (int a, int b, int c) = (random.Next(Tokens), random.Next(Tokens), random.Next(Tokens));
            Assert.True(Score(a, chosen[b]) + Score(b, chosen[c]) + Score(c, chosen[a]) <= Score(a, chosen[a]) + Score(b, chosen[b]) + Score(c, chosen[c]) + 1e-5);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void ScoresThatAreNoNumbersStillFillTheCapacities(float bad)
    {
        var random = new Random(2);
        float[] scores = [.. Enumerable.Range(0, 40 * 4).Select(i => i % 5 == 0 ? bad : random.NextSingle())];
        int[] chosen = new int[40];
        CapacityAssignment.Assign(scores, [1, 2, 3, 4], [10, 15, 5, 10], chosen);
        Assert.Equal([10, 15, 5, 10], Enumerable.Range(0, 4).Select(k => chosen.Count(c => c == k)));
    }

    [Fact]
    public void SharesHaveTheMeanAskedForAndCountsStayWithinTheBudget()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            int choices = 1 + random.Next(8), tokens = 1 + random.Next(300);
            double[] costs = [.. Enumerable.Range(0, choices).Select(_ => 0.1 + random.NextDouble())];
            double[] wanted = [.. Enumerable.Range(0, choices).Select(_ => random.NextDouble())];
            double sum = wanted.Sum(), least = costs.Min(), most = costs.Max(), mean = least + (most - least) * (1.4 * random.NextDouble() - 0.2);
            double[] shares = ChoiceCapacities.Shares(costs, seed % 4 == 0 ? null : [.. wanted.Select(w => w / sum)], mean);
            Assert.Equal(1, shares.Sum(), 1e-9);
            Assert.All(shares, s => Assert.InRange(s, 0, 1 + 1e-9));
            Assert.Equal(Math.Clamp(mean, least, most), shares.Zip(costs, (s, c) => s * c).Sum(), 1e-9);
            double budget = tokens * Math.Max(mean, least);
            int[] counts = ChoiceCapacities.Counts(costs, shares, tokens, budget);
            Assert.Equal(tokens, counts.Sum());
            Assert.All(counts, c => Assert.True(c >= 0));
            double spent = counts.Zip(costs, (n, c) => n * c).Sum(), step = costs.Order().Zip(costs.Order().Skip(1), (a, b) => b - a).DefaultIfEmpty(0).Max();
            Assert.True(spent <= budget * (1 + 1e-12), $"{seed}: {spent} of {budget}");
            // What is left does not widen one token more, or all have the dearest.
            Assert.True(counts[Array.IndexOf(costs, most)] == tokens || budget - spent < step + 1e-9, $"{seed}: {spent} of {budget}");
            // Shares that cost more than there is give way.
            int[] poor = ChoiceCapacities.Counts(costs, shares, tokens, tokens * least);
            Assert.True(poor.Zip(costs, (n, c) => n * c).Sum() <= tokens * least * (1 + 1e-9));
        }
    }

    [Fact]
    public void TheEvenestSharesAreThoseOfGreatestEntropy()
    {
        double[] costs = [1, 2, 4], shares = ChoiceCapacities.Shares(costs, null, 2.2);
        static double Entropy(double[] p) => -p.Where(x => x > 0).Sum(x => x * Math.Log(x));
        // Along the only direction that keeps both sum and mean.
        foreach (double e in new[] { -0.02, 0.02 }) Assert.True(Entropy([shares[0] + 2 * e, shares[1] - 3 * e, shares[2] + e]) < Entropy(shares));
        Assert.Equal([1, 0, 0], ChoiceCapacities.Shares(costs, null, 0.5).Select(s => Math.Round(s, 6)));
        Assert.Equal([0, 0, 1], ChoiceCapacities.Shares(costs, null, 9).Select(s => Math.Round(s, 6)));
        Assert.Equal([0.5, 0.5], ChoiceCapacities.Shares([3, 3], null, 3));
    }

    [Fact]
    public void PromptsByCapacitiesAndTokensByTheControllerKeepEveryTarget()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var family = new SeparableFamily(random.Next(), 1 + random.Next(3), 1 + random.Next(4), 2 + random.Next(7));
            (ElasticSpace space, RoutingCosts costs) = (family.Space, family.Costs);
            double[] targets = [0, 1, .. Enumerable.Range(0, 3).Select(_ => random.NextDouble())];
            double[][] layers = costs.Layers();
            LayerBudgets budgets = new([0, 0.4, 1], [.. Enumerable.Range(0, 3).Select(_ => (IReadOnlyList<double>)[.. layers.Select(c => c.Min() + (c.Max() - c.Min()) * random.NextDouble())])]);
            if (seed % 2 == 0)
            {
                IReadOnlyList<double> Some(int choices)
                {
                    double[] wanted = [.. Enumerable.Range(0, choices).Select(_ => random.NextDouble() + 1e-3)];
                    return [.. wanted.Select(w => w / wanted.Sum())];
                }

                budgets = (budgets with { Shares = [.. Enumerable.Range(0, 3).Select(_ => (IReadOnlyList<IReadOnlyList<double>>)[.. layers.Select(c => Some(c.Length))])] }).ValidatedFor(space, "test");
            }
            var controller = new BudgetController(space, costs, budgets, targets, new BudgetSettings { Burst = 12 * random.NextDouble() });
            // Whatever routers ask for: greed, noise, and scores that are no numbers.
            double greed = 20 * random.NextDouble();
            void Run(int time)
            {
                for (int b = 0; b < space.BlockCount; b++)
                    foreach (int layer in new[] { b, space.BlockCount + b })
                    {
                        int choices = layers[layer].Length;
                        float[] scores = [.. Enumerable.Range(0, targets.Length * time * choices).Select(i => seed % 7 == 0 && i % 11 == 0 ? float.NaN : (float)(greed * (i % choices) / choices + 3 * random.NextDouble()))];
                        int[] chosen = new int[targets.Length * time];
                        if (time > 1) controller.Assign(layer, scores, chosen);
                        else controller.Decide(layer, scores, chosen);
                    }
                Assert.Equal(targets.Length * time, controller.TokenCosts.Count);
                for (int b = 0; b < targets.Length; b++)
                    Assert.True(controller.MeanCost(b) <= costs.Target(targets[b]) * (1 + 1e-9), $"seed {seed}: {controller.MeanCost(b)} > {costs.Target(targets[b])}");
            }

            int prompt = 2 + random.Next(80);
            Run(prompt);
            double[] afterPrompt = [.. targets.Select((_, b) => controller.MeanCost(b))];
            // A budget is there to be used: what a layer's rounding leaves is less than a step for one token.
            for (int b = 0; b < targets.Length; b++)
                Assert.True(afterPrompt[b] >= costs.Target(targets[b]) - layers.Sum(c => c.Max() - c.Min()) / prompt - 1e-9, $"seed {seed}: {afterPrompt[b]} of {costs.Target(targets[b])}");
            for (int token = 0; token < 20; token++) Run(1);
            Run(2 + random.Next(20));
            for (int b = 0; b < targets.Length; b++) Assert.InRange(controller.WorstRatio(b), 0.01, 1 + 1e-9);
        }
    }

    [Fact]
    public void ATargetIsKeptWhereAWiderChoiceIsTheCheaperOne()
    {
        // As a table of noise may have it: neither the narrowest nor the widest choice is at an end of its layer's costs.
        var space = new ElasticSpace([1, 2, 4], [8, 16, 20], 2);
        RoutingCosts costs = new RoutingCosts(1, [[2, 1.5, 3], [1, 5, 2]], [[1, 4, 2], [3, 0.5, 4]]).ValidatedFor(space);
        var budgets = new LayerBudgets([0, 1], [[2, 2, 2, 2], [3, 3, 3, 3]]);
        double[] targets = [0, 0.3, 1];
        foreach (double target in targets) Assert.Equal(costs.Target(target), costs.Fixed + budgets.At(target, costs).Sum(), 1e-12);
        foreach (bool ahead in new[] { false, true })
        {
            var controller = new BudgetController(space, costs, budgets, targets);
            for (int pass = 0; pass < 10; pass++)
                foreach (int layer in new[] { 0, 2, 1, 3 })
                {
                    // Greed: the dearer, the better.
                    float[] scores = [.. Enumerable.Range(0, targets.Length * 6).SelectMany(_ => costs.Layers()[layer]).Select(c => 9 * (float)c)];
                    int[] chosen = new int[targets.Length * 6];
                    if (ahead) controller.Assign(layer, scores, chosen);
                    else controller.Decide(layer, scores, chosen);
                }
            for (int b = 0; b < targets.Length; b++) Assert.InRange(controller.WorstRatio(b), 0.5, 1 + 1e-9);
        }
    }

    [Fact]
    public void SharesAreInterpolatedBetweenTargets()
    {
        var space = new ElasticSpace([1, 2], [8, 16, 24], 1);
        IReadOnlyList<IReadOnlyList<double>> low = [[1, 0], [1, 0, 0]], high = [[0, 1], [0, 0.5, 0.5]];
        var budgets = new LayerBudgets([0, 1], [[1, 1], [2, 3]]) { Shares = [low, high] };
        Assert.Equal([0.75, 0.125, 0.125], budgets.ValidatedFor(space, "x").SharesAt(0.25)![1]);
        Assert.Null((budgets with { Shares = null }).SharesAt(0.5));
        Assert.Throws<FlextronException>(() => (budgets with { Shares = [low, [[0, 1], [0, 0.5, 0.4]]] }).ValidatedFor(space, "x"));
        Assert.Throws<FlextronException>(() => (budgets with { Shares = [low, [[0, 1], [0, 1]]] }).ValidatedFor(space, "x"));
        Assert.Throws<FlextronException>(() => (budgets with { Shares = [low, [[-1, 2], [0, 1, 0]]] }).ValidatedFor(space, "x"));
    }

    private static double Total(float[] scores, int choices, int[] chosen) => chosen.Select((k, t) => (double)scores[t * choices + k]).Sum();

    // Every assignment with these counts.
    private static double Best(float[] scores, int choices, int[] counts, int tokens)
    {
        int[] left = [.. counts];
        double From(int t)
        {
            if (t == tokens) return 0;
            double best = double.NegativeInfinity;
            for (int k = 0; k < choices; k++)
            {
                if (left[k] == 0) continue;
                left[k]--;
                best = Math.Max(best, scores[t * choices + k] + From(t + 1));
                left[k]++;
            }
            return best;
        }

        return From(0);
    }
}
