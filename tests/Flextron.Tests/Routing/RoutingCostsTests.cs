using Flextron.Models;
using Flextron.Routing;
using static TorchSharp.torch;

namespace Flextron.Tests.Routing;

public sealed class RoutingCostsTests
{
    private static readonly SeparableFamily Family = new(seed: 4, blocks: 2, groups: 2, neurons: 3);

    [Fact]
    public void SoftLatencyIsTheExpectationOverAllSubNetworks()
    {
        using var routers = new StaticRouters(Family.Space, new() { Seed = 5 });
        RouterWarmStart.Run(routers, Family.Costs, steps: 50);
        using var scope = TorchSharp.torch.NewDisposeScope();
        float[] r = routers.ChoiceRows([0.3])[0];
        double expected = 0, total = 0;
        foreach (SubNetwork network in Family.All())
        {
            double probability = 1;
            float[] oneHot = ChoiceVector.OneHot(Family.Space, network);
            for (int i = 0; i < r.Length; i++)
                if (oneHot[i] == 1) probability *= r[i];
            total += probability;
            expected += probability * Family.Costs.Hard(network, Family.Space);
        }
        Assert.Equal(1, total, 1e-5);
        Assert.Equal(expected, Family.Costs.Soft(tensor(r, [1, r.Length])).item<float>(), 1e-4);
    }

    [Fact]
    public void HardLatencyAddsTheTableEntries()
    {
        var costs = new RoutingCosts(10, [[1, 2], [3, 5]], [[0.1, 0.2, 0.4], [7, 8, 9]]);
        var network = new SubNetwork([new BlockShape(2, 8), new BlockShape(1, 24)]);
        Assert.Equal(10 + 2 + 3 + 0.1 + 9, costs.Hard(network, Family.Space), 12);
        Assert.Equal(10 + 1 + 3 + 0.1 + 7, costs.Smallest, 12);
        Assert.Equal(10 + 2 + 5 + 0.4 + 9, costs.Full, 12);
        Assert.Equal(0.5, costs.Normalised(costs.Target(0.5)), 12);
    }

    [Fact]
    public void CostsThatDoNotFitAreRefused()
    {
        Assert.Contains("do not cover 2 blocks", Assert.Throws<FlextronException>(() => new RoutingCosts(1, [[1, 2]], [[1, 2, 3]]).ValidatedFor(Family.Space)).Message, StringComparison.Ordinal);
        Assert.Contains("nothing to route", Assert.Throws<FlextronException>(() => new RoutingCosts(1, [[2, 1], [2, 1]], [[1, 1, 1], [1, 1, 1]]).ValidatedFor(Family.Space)).Message, StringComparison.Ordinal);
        Assert.Throws<FlextronException>(() => Family.Costs.Hard(new SubNetwork([new BlockShape(2, 8), new BlockShape(1, 9)]), Family.Space));
    }
}
