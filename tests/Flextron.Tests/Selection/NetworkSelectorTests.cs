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
            Assert.True(Space.Contains(selected.SubNetwork));
            Assert.Equal(cost.Cost(selected.SubNetwork), selected.Cost);
            Assert.True(selected.Cost <= target);
            if (target >= full) Assert.Equal(Space.Largest, selected.SubNetwork);
            Assert.Empty(Improvements(selected.SubNetwork, cost, target, selector.Sensitivities));
        }
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
            double best = Space.KvGroups.SelectMany(g => Space.Neurons.Select(n => cost.Cost(new SubNetwork(Enumerable.Repeat(new BlockShape(g, n), 3))))).Where(c => c <= target).Max();
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
        var all = (from a in Shapes() from b in Shapes() from c in Shapes() select new SubNetwork([a, b, c])).Select(n => (Cost: cost.Cost(n), Loss: losses.Predict(n))).ToArray();
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

    internal static NetworkSelector Selector(LossSensitivities? losses) => new(Config, Space) { Sensitivities = losses };

    internal static LossSensitivities Sensitivities(Random random)
    {
        double[][] Rows(int choices) => [.. Enumerable.Range(0, Space.BlockCount).Select(_ =>
            Enumerable.Range(0, choices - 1).Select(_ => 0.01 + random.NextDouble()).OrderDescending().Append(0).ToArray())];
        return new LossSensitivities(Space, 2, Rows(Space.KvGroups.Length), Rows(Space.Neurons.Length), 1);
    }

    private static IEnumerable<BlockShape> Shapes() => from g in Space.KvGroups from n in Space.Neurons select new BlockShape(g, n);

    // Single widenings that would still fit: selection must leave none that lowers the predicted loss (or, without losses, none at all).
    private static IEnumerable<SubNetwork> Improvements(SubNetwork network, ICostTable cost, double target, LossSensitivities? losses) =>
        from b in Enumerable.Range(0, network.Blocks.Length)
        from shape in Shapes()
        let old = network.Blocks[b]
        where (shape.KvGroups > old.KvGroups && shape.Neurons == old.Neurons) || (shape.Neurons > old.Neurons && shape.KvGroups == old.KvGroups)
        let wider = new SubNetwork(network.Blocks.SetItem(b, shape))
        where cost.Cost(wider) <= target && (losses is null || losses.Predict(wider) < losses.Predict(network) - 1e-9)
        select wider;

    /// <summary>Increasing random costs, different in every block.</summary>
    private sealed class RandomCosts(Random random) : ICostTable
    {
        private readonly double[][] attention = Rows(random, Space.KvGroups.Length), mlp = Rows(random, Space.Neurons.Length);

        public string Unit => "ms";

        public double Fixed => 0.37;

        public double Attention(int block, int kvGroups) => attention[block][Space.KvGroups.IndexOf(kvGroups)];

        public double Mlp(int block, int neurons) => mlp[block][Space.Neurons.IndexOf(neurons)];

        private static double[][] Rows(Random random, int choices) =>
            [.. Enumerable.Range(0, Space.BlockCount).Select(_ => Enumerable.Range(0, choices).Select(_ => 0.1 + random.NextDouble()).Order().ToArray())];
    }
}
