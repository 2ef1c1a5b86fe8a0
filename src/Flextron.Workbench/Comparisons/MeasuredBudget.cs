using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.Comparisons;

/// <summary>A sub-network of the fixed grid that every arm is measured at.</summary>
/// <param name="Label">The kept share for a uniform one, <c>mixed-1</c>, … for those with random widths, from small to large.</param>
/// <param name="Share">The kept share of a uniform one, null for the others.</param>
/// <param name="Network">The sub-network.</param>
/// <param name="Parameters">Its parameters.</param>
internal sealed record MeasuredBudget(string Label, double? Share, SubNetwork Network, double Parameters)
{
    private const int MostDraws = 10_000;

    public bool IsWhole => Label == TrainStage.WholeLabel;

    /// <summary>The grid: uniform widths from an eighth to the whole, then random widths per block; the same for every arm and seed.</summary>
    public static IReadOnlyList<MeasuredBudget> Grid(ElasticSpace space, ModelConfig config, int mixed)
    {
        ICostTable parameters = AnalyticCosts.Parameters(config);
        List<MeasuredBudget> grid = [.. TrainStage.UniformBudgets(space).Select(b => new MeasuredBudget(b.Key, TrainStage.Share(b.Key), b.Value, parameters.Cost(b.Value)))];
        var taken = grid.Select(b => b.Network).ToHashSet();
        Random random = Seeds.Stream(0, "mixed budgets");
        var drawn = new List<SubNetwork>();
        for (int i = 0; i < MostDraws && drawn.Count < mixed; i++)
            if (space.Random(random) is { } network && taken.Add(network)) drawn.Add(network);
        grid.AddRange(drawn.OrderBy(parameters.Cost).Select((n, i) => new MeasuredBudget(string.Create(CultureInfo.InvariantCulture, $"mixed-{i + 1}"), null, n, parameters.Cost(n))));
        return grid;
    }
}
