using System.Globalization;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Selection;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Latency;

public sealed class CostTextTests
{
    [Fact]
    public void WhatIsPrintedPaysForWhatItWasPrintedOf()
    {
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            double cost = Math.Pow(10, 14 * random.NextDouble() - 4) * random.NextDouble();
            foreach (string text in new[] { CostText.RoundedUp(cost), CostText.RoundedUp(cost, 3), CostText.RoundedUp(cost, 2) })
                Assert.True(double.Parse(text, CultureInfo.InvariantCulture) >= cost, $"{cost:R}: {text}");
            Assert.InRange(double.Parse(CostText.RoundedUp(cost), CultureInfo.InvariantCulture), cost, cost * (1 + 2.1e-5) + 2e-12);
            Assert.InRange(double.Parse(CostText.RoundedUp(cost, 3), CultureInfo.InvariantCulture), cost, (cost + 0.0021) * (1 + 1e-15));
        }
        Assert.Equal(("9.33358", "9.334", "12", "0", "0.00"), (CostText.RoundedUp(9.3335751), CostText.RoundedUp(9.3335751, 3), CostText.RoundedUp(12), CostText.RoundedUp(0), CostText.RoundedUp(0, 2)));
    }

    [Fact]
    public void TheSmallestNetworksPrintedCostSelectsIt()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        ElasticSpace space = ElasticSpace.For(config, steps: 2);
        foreach (double scale in new[] { 1.0, 1 / 3.0, 1e-3 / 7, 1e6 / 9 })
        {
            var cost = new Scaled(AnalyticCosts.Parameters(config), scale);
            double smallest = ((ICostTable)cost).Cost(space.Smallest);
            var selector = new NetworkSelector(config, space);
            Assert.Equal(space.Smallest, selector.Select(double.Parse(CostText.RoundedUp(smallest), CultureInfo.InvariantCulture), cost).SubNetwork);
            string refusal = Assert.Throws<FlextronException>(() => selector.Select(0.99 * smallest, cost)).Message;
            Assert.Contains($"needs {CostText.RoundedUp(smallest)} ", refusal, StringComparison.Ordinal);
        }
    }

    private sealed class Scaled(ICostTable inner, double scale) : ICostTable
    {
        public string Unit => "ms";

        public double Fixed => scale * inner.Fixed;

        public double Attention(int block, int kvGroups) => scale * inner.Attention(block, kvGroups);

        public double Mlp(int block, int neurons) => scale * inner.Mlp(block, neurons);
    }
}
