using Flextron.Elastic;
using Flextron.Models;
using Flextron.Routing;

namespace Flextron.Tests.Routing;

public sealed class StaticRoutersTests
{
    private static readonly SeparableFamily Family = new(seed: 8, blocks: 3, groups: 4, neurons: 8);

    [Fact]
    public void ProbabilitiesSumToOneWithinEveryLayer()
    {
        using var routers = new StaticRouters(Family.Space);
        float[] r = routers.ChoiceRows([0.4], temperature: 0.3)[0];
        int at = 0;
        foreach (int count in ChoiceVector.Layers(Family.Space))
        {
            Assert.Equal(1, r.Skip(at).Take(count).Sum(), 1e-5);
            at += count;
        }
        Assert.Equal(r.Length, at);
        Assert.Equal(36, at);
    }

    [Fact]
    public void OneHotVectorsAndNetworksAreInverse()
    {
        SubNetwork network = Family.Space.Random(new Random(3));
        float[] r = ChoiceVector.OneHot(Family.Space, network);
        Assert.Equal(6, r.Sum());
        Assert.Equal(network, ChoiceVector.Selected(Family.Space, r));
        Assert.Equal(1, r[Family.Space.KvGroups.IndexOf(network.Blocks[0].KvGroups)]);
        Assert.Equal(1, r[3 * 4 + 2 * 8 + Family.Space.Neurons.IndexOf(network.Blocks[2].Neurons)]);
    }

    [Fact]
    public void TheWarmStartCostsAboutItsTargetWithNearlyUniformWidths()
    {
        using var routers = new StaticRouters(Family.Space);
        RouterWarmStart.Run(routers, Family.Costs);
        for (int i = 0; i <= 10; i++)
        {
            SubNetwork network = routers.Select(i / 10.0);
            Assert.InRange(Family.Costs.Normalised(Family.Costs.Hard(network, Family.Space)), i / 10.0 - 0.15, i / 10.0 + 0.15);
            Assert.True(network.Blocks.Max(b => b.Neurons) - network.Blocks.Min(b => b.Neurons) <= 8, network.ToString());
        }
        Assert.Equal(Family.Space.Smallest, routers.Select(0));
        Assert.Equal(Family.Space.Largest, routers.Select(1));
    }

    [Fact]
    public void SelectionWithinABudgetNeverExceedsIt()
    {
        using var routers = new StaticRouters(Family.Space);
        RouterWarmStart.Run(routers, Family.Costs);
        double before = 0;
        for (int i = 0; i <= 40; i++)
        {
            double cost = Family.Costs.Normalised(Family.Costs.Hard(routers.SelectWithin(i / 40.0, Family.Costs), Family.Space));
            Assert.InRange(cost, before, i / 40.0 + 1e-9);
            before = cost;
        }
        Assert.Equal(Family.Space.Largest, routers.SelectWithin(1, Family.Costs));
        Assert.Equal(Family.Space.Smallest, routers.SelectWithin(0, Family.Costs));
        Assert.Contains("below the smallest", Assert.Throws<FlextronException>(() => routers.SelectWithin(-0.01, Family.Costs)).Message, StringComparison.Ordinal);
        Assert.Contains($"cost {Flextron.Latency.CostText.RoundedUp(Family.Costs.Smallest)}", Assert.Throws<FlextronException>(() => routers.SelectWithin(-0.01, Family.Costs)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SavedRoutersComeBackBitForBit()
    {
        using var folder = TestData.Temporary();
        using var routers = new StaticRouters(Family.Space, new() { HiddenSize = 5, Bumps = 4, Seed = 77 });
        RouterWarmStart.Run(routers, Family.Costs, steps: 20);
        routers.Save(folder.Path);
        using StaticRouters loaded = StaticRouters.Load(folder.Path, Family.Space);
        Assert.Equal(routers.Settings, loaded.Settings);
        Assert.Equal(Bits(routers), Bits(loaded));
        Assert.Equal(routers.ChoiceRows([0.37])[0], loaded.ChoiceRows([0.37])[0]);
    }

    [Fact]
    public void RoutersOfAnotherFamilyOrShapeAreRefused()
    {
        using var folder = TestData.Temporary();
        using (var routers = new StaticRouters(Family.Space)) routers.Save(folder.Path);
        Assert.Contains("other choices", Assert.Throws<FlextronException>(() => StaticRouters.Load(folder.Path, Family.Space with { BlockCount = 4 })).Message, StringComparison.Ordinal);
        string settings = Path.Combine(folder.Path, StaticRouters.SettingsName);
        File.WriteAllText(settings, File.ReadAllText(settings).Replace("\"hiddenSize\": 32", "\"hiddenSize\": 4000", StringComparison.Ordinal));
        Assert.Contains("does not hold routers of the shape", Assert.Throws<FlextronException>(() => StaticRouters.Load(folder.Path, Family.Space)).Message, StringComparison.Ordinal);
        File.WriteAllText(settings, "{}");
        Assert.Throws<FlextronException>(() => StaticRouters.Load(folder.Path, Family.Space));
    }

    internal static byte[] Bits(StaticRouters routers) => [.. routers.Parameters.SelectMany(p => System.Runtime.InteropServices.MemoryMarshal.AsBytes(p.data<float>().ToArray().AsSpan()).ToArray())];
}
