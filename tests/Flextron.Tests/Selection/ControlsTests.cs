using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Selection;
using Flextron.Tests.Routing;

namespace Flextron.Tests.Selection;

public sealed class ControlsTests
{
    [Fact]
    public void LeastSlopeNeverNarrowsWithDepthAndUsesTheBudget()
    {
        ElasticSpace space = new([1, 2, 3, 4], [8, 16, 24, 32, 40, 48, 56, 64], 6);
        ICostTable cost = new TableOfRoutingCosts(new SeparableFamily(seed: 4, blocks: 6, groups: 4, neurons: 8));
        (double least, double full) = (cost.Cost(space.Smallest), cost.Cost(space.Largest));
        for (int i = 0; i <= 100; i++)
        {
            double target = least + (full - least) * i / 100;
            SubNetwork network = LeastSlope.Select(space, cost, target);
            Assert.True(cost.Cost(network) <= target);
            Assert.All(network.Blocks.Zip(network.Blocks.Skip(1)), p => Assert.True(p.First.KvGroups <= p.Second.KvGroups && p.First.Neurons <= p.Second.Neurons));
            // No line does better by more than the tolerance, whatever its slope.
            double best = (from s in Enumerable.Range(0, 33) from a in Enumerable.Range(-64, 129) select LeastSlope.Line(space, a / 64.0, s / 32.0))
                .Select(cost.Cost).Where(c => c <= target).Max();
            Assert.True(cost.Cost(network) >= best - 0.0101 * (full - least), $"target {i}");
        }
        Assert.Throws<FlextronException>(() => LeastSlope.Select(space, cost, least - 1e-6));
    }

    [Fact]
    public void LinesAreWhatTheySay() =>
        Assert.Equal("1x8 2x16 4x32", LeastSlope.Line(new([1, 2, 3, 4], [8, 16, 24, 32], 3), 0, 1).ToString());

    [Fact]
    public void EvolutionComesNearTheBruteForceOptimumWithinItsEvaluations()
    {
        var family = new SeparableFamily(seed: 2, blocks: 3, groups: 3, neurons: 4);
        ICostTable cost = new TableOfRoutingCosts(family);
        (double Cost, double Loss)[] all = [.. family.All().Select(n => (cost.Cost(n), family.Loss(n)))];
        var search = new EvolutionarySearch(family.Space, cost, family.Measure, new EvolutionSettings { Evaluations = 80 });
        var regret = new List<double>();
        for (int i = 0; i <= 10; i++)
        {
            double target = family.Costs.Target(i / 10.0) + 1e-9;
            int before = family.Measured;
            EvolutionResult found = search.Run(target);
            Assert.True(cost.Cost(found.Network) <= target);
            Assert.Equal(family.Loss(found.Network), found.Loss);
            Assert.Equal(found.Evaluations, family.Measured - before);
            Assert.InRange(found.Evaluations, 0, 80);
            regret.Add((found.Loss - all.Where(a => a.Cost <= target).Min(a => a.Loss)) / family.Range);
        }
        Assert.All(regret, r => Assert.True(r >= -1e-9));
        Assert.True(regret.Average() < 0.01, $"regret {regret.Average()}");
        Assert.Equal(search.Measured, family.Measured);
    }

    [Fact]
    public void TheSameSeedFindsTheSame()
    {
        var family = new SeparableFamily(seed: 3, blocks: 4, groups: 4, neurons: 8);
        EvolutionResult Run(long seed) => new EvolutionarySearch(family.Space, new TableOfRoutingCosts(family), family.Loss, new EvolutionSettings { Seed = seed }).Run(family.Costs.Target(0.5));
        Assert.Equal(Run(1), Run(1));
        Assert.NotEqual(Run(1).Network, Run(2).Network);
    }

    /// <summary>The made-up family's costs as a table.</summary>
    private sealed class TableOfRoutingCosts(SeparableFamily family) : ICostTable
    {
        public string Unit => "ms";

        public double Fixed => family.Costs.Fixed;

        public double Attention(int block, int kvGroups) => family.Costs.Attention[block][family.Space.KvGroups.IndexOf(kvGroups)];

        public double Mlp(int block, int neurons) => family.Costs.Mlp[block][family.Space.Neurons.IndexOf(neurons)];
    }
}
