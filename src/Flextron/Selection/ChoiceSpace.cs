using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Selection;

/// <summary>
/// A space within one frame, with its costs and losses as arrays of items: attention and MLP of each block in turn, each with its choices. The
/// items of a block that the frame leaves out have a single choice, nothing, which costs nothing.
/// </summary>
internal sealed class ChoiceSpace
{
    private static readonly double[] Nothing = [0];
    private readonly ElasticSpace space;
    private readonly ElasticFrame frame;

    public ChoiceSpace(ElasticSpace space, ElasticFrame frame, ICostTable cost, LossSensitivities? sensitivities)
    {
        this.space = space;
        this.frame = frame;
        ICostTable costs = cost.ForWidth(frame.Width);
        FixedCost = costs.Fixed;
        Costs = Interleave(costs.AttentionCosts(space), costs.MlpCosts(space));
        Losses = sensitivities is null
            ? [.. Costs.Select((c, i) => c.Length == 1 ? Nothing : Evenness(Widths(i), c[^1]))]
            : Interleave(sensitivities.Attention, sensitivities.Mlp);
    }

    /// <summary>Cost [item][choice].</summary>
    public double[][] Costs { get; }

    /// <summary>Predicted loss increase [item][choice].</summary>
    public double[][] Losses { get; }

    public double FixedCost { get; }

    /// <summary>Total in the same order of summation as <see cref="ICostTable.Cost"/>, so that both agree to the last bit.</summary>
    public double Total(ReadOnlySpan<int> choices)
    {
        double sum = FixedCost;
        for (int i = 0; i < choices.Length; i++) sum += Costs[i][choices[i]];
        return sum;
    }

    /// <summary>Total predicted loss increase.</summary>
    public double Loss(ReadOnlySpan<int> choices)
    {
        double sum = 0;
        for (int i = 0; i < choices.Length; i++) sum += Losses[i][choices[i]];
        return sum;
    }

    public SubNetwork Network(int[] choices) => space.Within(frame, b => new BlockShape(space.KvGroups[choices[2 * b]], space.Neurons[choices[2 * b + 1]]));

    public int[] Choices(SubNetwork network) =>
        [.. network.Blocks.SelectMany((s, b) => space.Keeps(frame.Depth, b) ? new[] { space.KvGroups.IndexOf(s.KvGroups), space.Neurons.IndexOf(s.Neurons) } : [0, 0])];

    /// <summary>The kept blocks at the choices nearest to one share, the others at nothing.</summary>
    public int[] Uniform(double share) => Choices(space.Uniform(share));

    private IReadOnlyList<int> Widths(int item) => item % 2 == 0 ? space.KvGroups : space.Neurons;

    // Without measured losses: what is missing of a part, squared, by the part's full cost. Its gain per cost is proportional to what is
    // missing, so growth takes the narrowest part first and shrinking the widest: widths stay even.
    private static double[] Evenness(IReadOnlyList<int> widths, double fullCost) =>
        [.. widths.Select(w => 1 - (double)w / widths[^1]).Select(missing => fullCost * missing * missing)];

    private double[][] Interleave(IReadOnlyList<IReadOnlyList<double>> attention, IReadOnlyList<IReadOnlyList<double>> mlp) =>
        [.. attention.Zip(mlp).SelectMany((p, b) => space.Keeps(frame.Depth, b) ? new[] { p.First.ToArray(), p.Second.ToArray() } : [Nothing, Nothing])];
}
