using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Selection;

/// <summary>A space with its costs and losses as arrays of items: attention and MLP of each block in turn, each with its choices.</summary>
internal sealed class ChoiceSpace
{
    private readonly ElasticSpace space;
    private readonly double fixedCost;

    public ChoiceSpace(ElasticSpace space, ICostTable cost, LossSensitivities? sensitivities)
    {
        this.space = space;
        fixedCost = cost.Fixed;
        Costs = Interleave(cost.AttentionCosts(space), cost.MlpCosts(space));
        Losses = sensitivities is null
            ? [.. Enumerable.Range(0, 2 * space.BlockCount).Select(i => Evenness(Widths(i), Costs[i][^1]))]
            : Interleave(sensitivities.Attention, sensitivities.Mlp);
    }

    /// <summary>Cost [item][choice].</summary>
    public double[][] Costs { get; }

    /// <summary>Predicted loss increase [item][choice].</summary>
    public double[][] Losses { get; }

    public double FixedCost => fixedCost;

    /// <summary>Total in the same order of summation as <see cref="ICostTable.Cost"/>, so that both agree to the last bit.</summary>
    public double Total(ReadOnlySpan<int> choices)
    {
        double sum = fixedCost;
        for (int i = 0; i < choices.Length; i++) sum += Costs[i][choices[i]];
        return sum;
    }

    public SubNetwork Network(int[] choices) => new(Enumerable.Range(0, space.BlockCount)
        .Select(b => new BlockShape(space.KvGroups[choices[2 * b]], space.Neurons[choices[2 * b + 1]])));

    public int[] Choices(SubNetwork network) =>
        [.. network.Blocks.SelectMany(b => new[] { space.KvGroups.IndexOf(b.KvGroups), space.Neurons.IndexOf(b.Neurons) })];

    private IReadOnlyList<int> Widths(int item) => item % 2 == 0 ? space.KvGroups : space.Neurons;

    // Without measured losses: what is missing of a part, squared, by the part's full cost. Its gain per cost is proportional to what is
    // missing, so growth takes the narrowest part first and shrinking the widest: widths stay even.
    private static double[] Evenness(IReadOnlyList<int> widths, double fullCost) =>
        [.. widths.Select(w => 1 - (double)w / widths[^1]).Select(missing => fullCost * missing * missing)];

    private static double[][] Interleave(IReadOnlyList<IReadOnlyList<double>> attention, IReadOnlyList<IReadOnlyList<double>> mlp) =>
        [.. attention.Zip(mlp).SelectMany(p => new[] { p.First.ToArray(), p.Second.ToArray() })];
}
