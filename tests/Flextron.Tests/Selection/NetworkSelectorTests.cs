using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Selection;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Selection;

public sealed class NetworkSelectorTests
{
    internal static readonly ModelConfig Config = RandomLlama.TinyConfig() with { BlockCount = 3, NeuronCount = 64, HeadCount = 4, KvGroupCount = 4 };
    internal static readonly ElasticSpace Space = ElasticSpace.For(Config, steps: 4);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void EveryTargetFromTheSmallestUpIsMet(bool knowsLosses, bool proposes)
    {
        var random = new Random(3);
        ICostTable cost = new RandomCosts(random);
        NetworkSelector selector = Selector(knowsLosses ? Sensitivities(random) : null);
        (double least, double full) = (cost.Cost(Space.Smallest), cost.Cost(Space.Largest));
        for (int i = 0; i < 1000; i++)
        {
            double target = i == 0 ? least : least + (full - least) * 1.1 * random.NextDouble();
            SelectedNetwork selected = selector.Select(target, cost, proposes ? Space.Random(random) : null);
            Assert.True(selector.Grid.Contains(selected.SubNetwork));
            Assert.Equal(cost.Cost(selected.SubNetwork), selected.Cost);
            Assert.True(selected.Cost <= target);
            if (target >= full) Assert.Equal(Space.Largest, selected.SubNetwork);
            Assert.Empty(Improvements(selected.SubNetwork, cost, target, selector));
        }
    }

    [Fact]
    public void WidthAndDepthAreChosenWithTheBlocks()
    {
        var random = new Random(6);
        ElasticSpace space = new([1, 4], [16, 64], 3) { Widths = [8, 16], Depths = [2, 3], BlockRanking = [2, 0, 1] };
        ICostTable cost = AnalyticCosts.Parameters(Config);
        double[][] Rows() => [.. Enumerable.Range(0, 3).Select(_ => new[] { random.NextDouble(), 0 })];
        var losses = new LossSensitivities(space, 2, Rows(), Rows(), 1) { Frames = [0, 0.3, 0.5, 0.9] };
        var selector = new NetworkSelector(Config, space) { Sensitivities = losses };
        var all = (from f in space.Frames from a in Shapes() from b in Shapes() from c in Shapes() select space.Within(f, i => i == 0 ? a : i == 1 ? b : c))
            .Distinct().Select(n => (Network: n, Cost: cost.Cost(n), Loss: losses.Predict(n)!.Value)).ToArray();
        double least = all.Min(n => n.Cost), full = all.Max(n => n.Cost);
        var frames = new HashSet<(int?, int)>();
        for (int i = 0; i <= 60; i++)
        {
            double target = least + (full - least) * i / 60, rounded = target - 6 * (target - least) / 10_000;
            SelectedNetwork selected = selector.Select(target, cost);
            Assert.True(selected.Cost <= target && selector.Grid.Contains(selected.SubNetwork));
            Assert.InRange(selected.PredictedLoss!.Value, all.Where(n => n.Cost <= target).Min(n => n.Loss) - 1e-9, all.Where(n => n.Cost <= rounded).Select(n => n.Loss).DefaultIfEmpty(9).Min() + 1e-9);
            frames.Add((selected.SubNetwork.Width, selected.SubNetwork.Depth));
            // Without losses the residual stream and the depth stay whole as long as they can.
            SubNetwork plain = (new NetworkSelector(Config, space)).Select(target, cost).SubNetwork;
            Assert.Equal(space.Frames.First(f => cost.Cost(space.Within(f, _ => new BlockShape(1, 16))) <= target), selector.Grid.FrameOf(plain));
        }
        Assert.True(frames.Count >= 3, string.Join(' ', frames));

        IEnumerable<BlockShape> Shapes() => from g in space.KvGroups from n in selector.Grid.Neurons select new BlockShape(g, n);
    }

    [Fact]
    public void ACostThatKnowsNoWidthsLeavesTheStreamWhole()
    {
        ElasticSpace space = Space with { Widths = [8, 16], Depths = [1, 3], BlockRanking = [2, 0, 1] };
        ICostTable cost = new RandomCosts(new Random(7));
        var selector = new NetworkSelector(Config, space);
        double target = cost.Cost(Space.Smallest) * 0.9;

        SubNetwork selected = selector.Select(target, cost).SubNetwork;

        Assert.Equal((null, 1), (selected.Width, selected.Depth));
        Assert.Contains("below the smallest", Assert.Throws<FlextronException>(() => selector.Select(0.4, cost)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheUniformControlIsUniformAndTheWidestThatFits()
    {
        ICostTable cost = AnalyticCosts.Parameters(Config);
        NetworkSelector selector = Selector(null);
        var random = new Random(5);
        double least = cost.Cost(Space.Smallest), full = cost.Cost(Space.Largest);
        for (int i = 0; i < 200; i++)
        {
            double target = least + (full - least) * random.NextDouble();
            SelectedNetwork selected = selector.SelectUniform(target, cost);
            Assert.Single(selected.SubNetwork.Blocks.Distinct());
            Assert.True(selected.Cost <= target);
            double best = Space.KvGroups.SelectMany(g => selector.Grid.Neurons.Select(n => cost.Cost(new SubNetwork(Enumerable.Repeat(new BlockShape(g, n), 3))))).Where(c => c <= target).Max();
            Assert.Equal(best, selected.Cost);
        }
        Assert.Throws<FlextronException>(() => selector.SelectUniform(least - 1, cost));
    }

    [Fact]
    public void WithoutProposalItIsTheOptimumOfTheSeparableModel()
    {
        var random = new Random(4);
        ICostTable cost = new RandomCosts(random);
        LossSensitivities losses = Sensitivities(random);
        double[][] costs = new double[3][], increases = new double[3][];
        BlockShape[] shapes = [.. from g in Space.KvGroups from n in Selector(losses).Grid.Neurons select new BlockShape(g, n)];
        BlockShape[] none = [.. Enumerable.Repeat(Space.Largest.Blocks[0], 3)];
        for (int b = 0; b < 3; b++)
        {
            SubNetwork[] alone = [.. shapes.Select(s => new SubNetwork(none.Select((w, i) => i == b ? s : w)))];
            (costs[b], increases[b]) = ([.. alone.Select(n => cost.Cost(n) - cost.Cost(Space.Largest))], [.. alone.Select(n => losses.Predict(n)!.Value - losses.FullLoss)]);
        }
        var all = (from a in Enumerable.Range(0, shapes.Length) from b in Enumerable.Range(0, shapes.Length) from c in Enumerable.Range(0, shapes.Length)
                   select (Cost: cost.Cost(Space.Largest) + costs[0][a] + costs[1][b] + costs[2][c], Loss: losses.FullLoss + increases[0][a] + increases[1][b] + increases[2][c])).ToArray();
        for (int i = 0; i < 20; i++)
        {
            double target = cost.Cost(Space.Smallest) + (cost.Cost(Space.Largest) - cost.Cost(Space.Smallest)) * (i + 0.5) / 20;
            SelectedNetwork selected = Selector(losses).Select(target, cost);
            // Rounding up by at most one of 10,000 cells for each of the six parts.
            double rounded = target - 6 * (target - cost.Cost(Space.Smallest)) / 10_000;
            Assert.InRange(selected.PredictedLoss!.Value,
                all.Where(n => n.Cost <= target).Min(n => n.Loss) - 1e-9, all.Where(n => n.Cost <= rounded).Min(n => n.Loss) + 1e-9);
        }
    }

    [Fact]
    public void AProposalThatFitsAndCannotGrowIsKept()
    {
        SubNetwork proposal = Space.Random(new Random(5));
        ICostTable cost = AnalyticCosts.Parameters(Config);
        // Exactly its own cost: there is no slack for any wider part, since every wider part costs more.
        Assert.Equal(proposal, Selector(null).Select(cost.Cost(proposal), cost, proposal).SubNetwork);
    }

    [Fact]
    public void BelowTheSmallestItSaysWhatIsNeededAndThatIsEnough()
    {
        ICostTable cost = new RandomCosts(new Random(6));
        string message = Assert.Throws<FlextronException>(() => Selector(null).Select(0.1, cost)).Message;
        double named = double.Parse(message.Split("needs ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(named / cost.Cost(Space.Smallest), 1, 1.0001);
        Assert.Equal(Space.Smallest, Selector(null).Select(named, cost).SubNetwork);
        Assert.Contains(" ms", message, StringComparison.Ordinal);
    }

    [Fact]
    public void IllegalProposalsAndNotANumberAreRefused()
    {
        ICostTable cost = AnalyticCosts.Parameters(Config);
        var odd = new SubNetwork(Enumerable.Repeat(new BlockShape(1, 13), 3));
        Assert.Contains("1x13", Assert.Throws<FlextronException>(() => Selector(null).Select(1e9, cost, odd)).Message, StringComparison.Ordinal);
        Assert.Throws<FlextronException>(() => Selector(null).Select(double.NaN, cost));
    }

    [Fact]
    public void ParametersAndBytesAreThoseOfTheNetwork()
    {
        NetworkSelector selector = new(Config, Space) { BytesPerElement = 2, CacheBatch = 2, CacheTokens = 10 };
        SelectedNetwork full = selector.Describe(Space.Largest, AnalyticCosts.Parameters(Config));
        Assert.Equal(DecoderWeights.CountParameters(Config), full.Parameters);
        Assert.Equal(2 * (full.Parameters + 2 * 2 * 10 * Config.BlockCount * Config.KvGroupCount * Config.HeadSize), full.Bytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TargetsAreUsedUpToTheNeuron(bool proposes)
    {
        var random = new Random(8);
        ICostTable cost = AnalyticCosts.Flops(Config, new LatencyWorkload(8, 16));
        LossSensitivities losses = Sensitivities(random);
        NetworkSelector selector = Selector(losses);
        (double least, double full) = (cost.Cost(Space.Smallest), cost.Cost(Space.Largest));
        (double step, double group) = (cost.Mlp(0, 24) - cost.Mlp(0, 16), cost.Attention(0, 2) - cost.Attention(0, 1));
        for (int i = 0; i < 500; i++)
        {
            double target = least + (full - least) * random.NextDouble();
            SubNetwork proposal = Space.Random(random);
            SelectedNetwork selected = selector.Select(target, cost, proposes ? proposal : null);
            // What is left would not pay for eight more neurons anywhere, or, where all MLPs are whole, for a group.
            Assert.InRange(selected.Cost, target - (selected.SubNetwork.Blocks.All(b => b.Neurons == 64) ? group : step), target);
            if (proposes && cost.Cost(proposal) <= target) Assert.True(selected.PredictedLoss <= losses.Predict(proposal) + 1e-9);
        }
    }

    [Fact]
    public void AMeasurementOverrulesThePrediction()
    {
        var random = new Random(9);
        ICostTable cost = AnalyticCosts.Parameters(Config);
        LossSensitivities losses = Sensitivities(random);
        SubNetwork uniform = Space.Uniform(0.5), proposal = new([new(1, 64), new(2, 64), new(1, 64)]);
        double target = cost.Cost(proposal);
        Assert.InRange(cost.Cost(uniform), 0, target);
        SelectedNetwork Select(double uniformLoss, double proposalLoss) =>
            new NetworkSelector(Config, Space) { Sensitivities = losses, Measured = new MeasuredNetworks([new(uniform, uniformLoss), new(proposal, proposalLoss)], 4) }.Select(target, cost, proposal);
        Assert.Equal(proposal, Select(uniformLoss: 5, proposalLoss: 2).SubNetwork);
        SubNetwork preferred = Select(uniformLoss: 2, proposalLoss: 5).SubNetwork;
        Assert.All(preferred.Blocks.Zip(uniform.Blocks), p => Assert.True(p.First.KvGroups >= p.Second.KvGroups && p.First.Neurons >= p.Second.Neurons, preferred.ToString()));
    }

    [Fact]
    public void WhatWideningAMeasuredNetworkIsPredictedToGainIsNotBelieved()
    {
        ICostTable cost = AnalyticCosts.Parameters(Config);
        SubNetwork proposal = new([new BlockShape(2, 64), new BlockShape(2, 64), new BlockShape(2, 64)]);
        // Widened to the whole budget the smallest network is predicted to be far better than it was measured.
        var measured = new MeasuredNetworks([new MeasuredNetwork(Space.Smallest, 2.1), new MeasuredNetwork(proposal, 2)], 4);
        var selector = new NetworkSelector(Config, Space) { Sensitivities = Sensitivities(new Random(10)), Measured = measured };
        Assert.Equal(proposal, selector.Select(cost.Cost(proposal), cost, proposal).SubNetwork);
    }

    internal static NetworkSelector Selector(LossSensitivities? losses) => new(Config, Space) { Sensitivities = losses };

    internal static LossSensitivities Sensitivities(Random random)
    {
        double[][] Rows(int choices) => [.. Enumerable.Range(0, Space.BlockCount).Select(_ =>
            Enumerable.Range(0, choices - 1).Select(_ => 0.01 + random.NextDouble()).OrderDescending().Append(0).ToArray())];
        return new LossSensitivities(Space, 2, Rows(Space.KvGroups.Length), Rows(Space.Neurons.Length), 1);
    }

    private static IEnumerable<BlockShape> Shapes() => from g in Space.KvGroups from n in Space.Neurons select new BlockShape(g, n);

    // Single widenings that would still fit: selection must leave none, whether the predicted loss falls or stays.
    private static IEnumerable<SubNetwork> Improvements(SubNetwork network, ICostTable cost, double target, NetworkSelector selector) =>
        from b in Enumerable.Range(0, network.Blocks.Length)
        from g in selector.Grid.KvGroups
        from n in selector.Grid.Neurons
        let shape = new BlockShape(g, n)
        let old = network.Blocks[b]
        where (shape.KvGroups > old.KvGroups && shape.Neurons == old.Neurons) || (shape.Neurons > old.Neurons && shape.KvGroups == old.KvGroups)
        let wider = new SubNetwork(network.Blocks.SetItem(b, shape))
        where cost.Cost(wider) <= target * (1 - 1e-9)
        select wider;

    /// <summary>Increasing random costs, different in every block; between the space's choices they are interpolated.</summary>
    private sealed class RandomCosts(Random random) : ICostTable
    {
        private readonly double[][] attention = Rows(random, Space.KvGroups.Length), mlp = Rows(random, Space.Neurons.Length);

        public string Unit => "ms";

        public double Fixed => 0.37;

        public double Attention(int block, int kvGroups) => kvGroups == 0 ? 0 : attention[block][Space.KvGroups.IndexOf(kvGroups)];

        public double Mlp(int block, int neurons) => neurons == 0 ? 0 : MathNet.Numerics.Interpolate.Linear(Space.Neurons.Select(n => (double)n), mlp[block]).Interpolate(neurons);

        private static double[][] Rows(Random random, int choices) =>
            [.. Enumerable.Range(0, Space.BlockCount).Select(_ => Enumerable.Range(0, choices).Select(_ => 0.1 + random.NextDouble()).Order().ToArray())];
    }
}
