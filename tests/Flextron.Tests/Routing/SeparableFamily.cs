using Flextron.Elastic;
using Flextron.Models;
using Flextron.Routing;

namespace Flextron.Tests.Routing;

/// <summary>A made-up family whose loss is a sum over layers, each falling with its width; layers differ in weight, curvature and price.</summary>
internal sealed class SeparableFamily
{
    private readonly double[][] attention;
    private readonly double[][] mlp;

    public SeparableFamily(int seed, int blocks, int groups, int neurons)
    {
        var random = new Random(seed);
        double[][] Prices(int choices, double price) => [.. Enumerable.Range(0, blocks).Select(_ =>
        {
            double scale = price * (0.5 + random.NextDouble());
            return Enumerable.Range(1, choices).Select(i => 0.1 + scale * i / choices).ToArray();
        })];
        double[][] Losses(int choices) => [.. Enumerable.Range(0, blocks).Select(_ =>
        {
            double weight = Math.Exp(2.4 * random.NextDouble() - 2.2), power = 1 + 3 * random.NextDouble();
            return Enumerable.Range(0, choices).Select(i => weight * Math.Pow(1 - (double)i / choices, power)).ToArray();
        })];
        Space = new ElasticSpace([.. Enumerable.Range(1, groups)], [.. Enumerable.Range(1, neurons).Select(i => 8 * i)], blocks);
        Costs = new RoutingCosts(0.5, Prices(groups, 1), Prices(neurons, 1.5));
        (attention, mlp) = (Losses(groups), Losses(neurons));
    }

    public ElasticSpace Space { get; }

    public RoutingCosts Costs { get; }

    public int Measured { get; private set; }

    public double Range => Loss(Space.Smallest) - Loss(Space.Largest);

    public double Loss(SubNetwork network) =>
        1.5 + network.Blocks.Select((b, i) => attention[i][Space.KvGroups.IndexOf(b.KvGroups)] + mlp[i][Space.Neurons.IndexOf(b.Neurons)]).Sum();

    public double Measure(SubNetwork network)
    {
        Measured++;
        return Loss(network);
    }

    /// <summary>Every sub-network.</summary>
    public IEnumerable<SubNetwork> All()
    {
        BlockShape[] shapes = [.. Space.KvGroups.SelectMany(g => Space.Neurons.Select(n => new BlockShape(g, n)))];
        for (int code = 0; code < (int)Math.Pow(shapes.Length, Space.BlockCount); code++)
            yield return new SubNetwork(Enumerable.Range(0, Space.BlockCount).Select(i => shapes[code / (int)Math.Pow(shapes.Length, i) % shapes.Length]));
    }
}
