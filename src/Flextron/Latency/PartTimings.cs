using Flextron.Elastic;
using Flextron.Models;
using MathNet.Numerics.Statistics;

namespace Flextron.Latency;

/// <summary>Timed passes of one kind (prompt or decode step), each over a chain of blocks of various widths.</summary>
internal sealed class PartTimings(ElasticSpace space)
{
    private readonly List<(SubNetwork Network, double[] Parts, double Slowness)> passes = [];

    public void Add(SubNetwork network, double[] parts, double slowness) => passes.Add((network, parts, slowness));

    public Quartiles Fixed() => Quartiles.Of([.. passes.Select(p => p.Parts[0] / p.Slowness)]);

    public Quartiles[] Attention() => ByWidth(space.KvGroups, b => b.KvGroups, 1);

    public Quartiles[] Mlp() => ByWidth(space.Neurons, b => b.Neurons, 2);

    /// <summary>Sum of the parts' medians for each pass's network, in the order of adding.</summary>
    public double[] Expected()
    {
        double fixedMs = passes.Select(p => p.Parts[0]).Median();
        Dictionary<int, double> attention = Medians(space.KvGroups, Attention()), mlp = Medians(space.Neurons, Mlp());
        return [.. passes.Select(p => fixedMs + p.Network.Blocks.Sum(b => attention[b.KvGroups] + mlp[b.Neurons]))];
    }

    // Blocks of the same shape share a measurement: their samples are pooled.
    private Quartiles[] ByWidth(IReadOnlyList<int> widths, Func<BlockShape, int> width, int first)
    {
        Dictionary<int, List<double>> samples = widths.ToDictionary(w => w, _ => new List<double>());
        foreach ((SubNetwork network, double[] parts, double slowness) in passes)
            for (int i = 0; i < network.Blocks.Length; i++)
                samples[width(network.Blocks[i])].Add(parts[first + 2 * i] / slowness);
        return [.. widths.Select(w => Quartiles.Of(samples[w]))];
    }

    private static Dictionary<int, double> Medians(IReadOnlyList<int> widths, Quartiles[] quartiles) =>
        widths.Zip(quartiles).ToDictionary(p => p.First, p => p.Second.Median);
}
