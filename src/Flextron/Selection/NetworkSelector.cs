using System.Collections.Immutable;
using System.Globalization;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Selection;

/// <summary>
/// Finds a sub-network within a budget, always feasible by the table, and uses the budget up: numbers of neurons between the trained ones are
/// prefixes too, so what the choices of a space leave over is spent on them. A router's proposal is repaired: narrowed where that loses least
/// while over budget, then widened where that gains most while there is slack; where that leaves much, its neighbourhood is searched exactly.
/// </summary>
/// <param name="config">The model.</param>
/// <param name="space">Its legal widths.</param>
public sealed class NetworkSelector(ModelConfig config, ElasticSpace space)
{
    // A repaired proposal that leaves more than this share of the budget is worth a search around it.
    private const double Spare = 0.01;

    // Half of the widest vector registers: narrower steps would cost the same time.
    private const int NeuronMultiple = 8;

    private readonly ElasticSpace grid = space.Refined(NeuronMultiple);
    private ICostTable? latency;

    /// <summary>The model's shape.</summary>
    public ModelConfig Config => config;

    /// <summary>Legal widths.</summary>
    public ElasticSpace Space => space;

    /// <summary>The widths that are selected from: the legal ones, and numbers of neurons between them.</summary>
    public ElasticSpace Grid => grid;

    /// <summary>Measured losses; without them widths are kept even.</summary>
    public LossSensitivities? Sensitivities { get; init; }

    /// <summary>Measured losses of whole networks, which correct what <see cref="Sensitivities"/> predict and are candidates themselves.</summary>
    public MeasuredNetworks? Measured { get; init; }

    /// <summary>Measured latency, for predictions and for budgets in time.</summary>
    public ICostTable? Latency { get => latency; init => latency = value; }

    /// <summary>Bytes of a weight or cache element.</summary>
    public int BytesPerElement { get; init; } = 4;

    /// <summary>Sequences in the KV cache that <see cref="SelectedNetwork.Bytes"/> and byte budgets count; 0 counts weights only.</summary>
    public int CacheBatch { get; init; } = 1;

    /// <summary>Cached tokens of each sequence; the model's context by default.</summary>
    public int? CacheTokens { get; init; }

    /// <summary>Bytes of weights and cache as a cost.</summary>
    public ICostTable ByteCosts => AnalyticCosts.WeightAndCacheBytes(config, BytesPerElement, CacheBatch, CacheTokens ?? config.ContextLength);

    /// <summary>The same with latencies by another table.</summary>
    public NetworkSelector WithLatency(ICostTable table)
    {
        var copy = (NetworkSelector)MemberwiseClone();
        copy.latency = table;
        return copy;
    }

    /// <summary>Chooses.</summary>
    /// <param name="target">Largest cost, in the table's unit.</param>
    /// <param name="cost">The cost.</param>
    /// <param name="proposal">
    /// Where to start, such as a router's answer. Without one the layer-separable optimum is taken where losses are known, and otherwise the
    /// widest uniform network; both are then widened into the slack.
    /// </param>
    /// <remarks>
    /// Residual width and depth are chosen around that: of all of them whose cost is known the one with the least predicted loss, and without
    /// losses the widest and deepest that fits.
    /// </remarks>
    /// <exception cref="FlextronException">Even the smallest sub-network costs more; or the proposal has widths outside the space.</exception>
    public SelectedNetwork Select(double target, ICostTable cost, SubNetwork? proposal = null)
    {
        ArgumentNullException.ThrowIfNull(cost);
        ElasticFrame? proposed = proposal is null ? null : grid.FrameOf(proposal)
            ?? throw new FlextronException($"The proposed sub-network {proposal} has widths that are not among the elastic choices: propose only legal widths.");
        LossSensitivities? losses = Sensitivities?.Monotone().On(grid);
        double Loss(SubNetwork network) => (Measured is { } measured ? measured.Estimate(losses!, network) : losses!.Predict(network)) ?? double.PositiveInfinity;
        (SubNetwork? best, double bestLoss, double least) = (null, double.NaN, double.PositiveInfinity);
        foreach (ElasticFrame frame in space.Frames.OrderByDescending(f => f == proposed))
        {
            if (frame.Width is { } width && cost.AtWidth(width) is null) continue;
            var choices = new ChoiceSpace(grid, frame, cost, losses);
            int[] cheapest = [.. choices.Costs.Select(c => Array.IndexOf(c, c.Min()))];
            least = Math.Min(least, choices.Total(cheapest));
            if (!(target >= choices.Total(cheapest))) continue;
            int[] chosen = frame == proposed ? Repair(choices, choices.Choices(proposal!), target)
                : Widened(choices, (losses is not null ? Knapsack.Solve(choices.Costs, choices.Losses, target - choices.FixedCost) : WidestUniform(choices, target)) ?? cheapest, target);
            if (losses is null) return Describe(choices.Network(chosen), cost);
            SubNetwork found = choices.Network(chosen);
            if (Loss(found) is var loss && (best is null || loss < bestLoss)) (best, bestLoss) = (found, loss);
            // A measured network is widened into the slack, but counts with the loss it was measured at: what widening is predicted to gain is no measurement.
            foreach (MeasuredNetwork m in Measured?.Networks ?? [])
                if (m.Loss < bestLoss && grid.FrameOf(m.Network) == frame && choices.Choices(m.Network) is var start && choices.Total(start) <= target)
                    (best, bestLoss) = (choices.Network(Widened(choices, start, target)), m.Loss);
            if (frame == proposed) break;
        }
        return best is not null ? Describe(best, cost)
            : throw new FlextronException(string.Create(CultureInfo.InvariantCulture,
                $"A budget of {target:0.######} {cost.Unit} is below the smallest sub-network, which needs {CostText.RoundedUp(least)} {cost.Unit}: give at least that."));
    }

    /// <summary>
    /// The control that every method has to beat: all blocks at one width, the largest that fits, over all pairs of groups and neurons at full
    /// residual width and depth.
    /// </summary>
    /// <param name="target">Largest cost, in the table's unit.</param>
    /// <param name="cost">The cost.</param>
    /// <exception cref="FlextronException">Even the smallest sub-network costs more.</exception>
    public SelectedNetwork SelectUniform(double target, ICostTable cost)
    {
        ArgumentNullException.ThrowIfNull(cost);
        return Uniforms(target, cost).MaxBy(AnalyticCosts.Parameters(config).Cost) is { } widest ? Describe(widest, cost) : Select(target, cost);
    }

    /// <summary>For every number of groups the widest network within a budget whose blocks are all alike, at full residual width and depth.</summary>
    /// <param name="target">Largest cost, in the table's unit.</param>
    /// <param name="cost">The cost.</param>
    public IEnumerable<SubNetwork> Uniforms(double target, ICostTable cost)
    {
        ArgumentNullException.ThrowIfNull(cost);
        return space.KvGroups.Select(g => grid.Neurons.Reverse().Select(n => new SubNetwork(Enumerable.Repeat(new BlockShape(g, n), space.BlockCount)))
            .FirstOrDefault(s => cost.Cost(s) <= target)).OfType<SubNetwork>();
    }

    /// <summary>A given sub-network with its costs.</summary>
    public SelectedNetwork Describe(SubNetwork subNetwork, ICostTable cost)
    {
        ArgumentNullException.ThrowIfNull(cost);
        subNetwork = subNetwork.ValidatedFor(config);
        return new SelectedNetwork(
            subNetwork, cost.Cost(subNetwork), cost.Unit, Sensitivities?.Predict(subNetwork), Latency?.Cost(subNetwork),
            (long)AnalyticCosts.Parameters(config).Cost(subNetwork), (long)ByteCosts.Cost(subNetwork));
    }

    private static int[]? WidestUniform(ChoiceSpace choices, double target)
    {
        const int Shares = 100;
        return Enumerable.Range(0, Shares + 1).Select(i => choices.Uniform((double)i / Shares))
            .Where(c => choices.Total(c) <= target).MaxBy(c => choices.Total(c));
    }

    private int[] Repair(ChoiceSpace choices, int[] proposal, double target)
    {
        int[] start = [.. proposal];
        Shrink(choices, start, target);
        int[] repaired = Widened(choices, start, target);
        if (choices.Total(repaired) >= (1 - Spare) * target) return repaired;
        int[] near = Widened(choices, Neighbour(choices, proposal, target), target);
        return choices.Loss(near) <= choices.Loss(repaired) ? near : repaired;
    }

    // The layer-separable optimum among networks whose parts are within a choice of the proposal's, or within as many as it takes to fit.
    private int[] Neighbour(ChoiceSpace choices, int[] proposal, double target)
    {
        for (int radius = 1; ; radius++)
        {
            (int First, int Last)[] ranges = [.. proposal.Select((at, i) => choices.Costs[i].Length == 1 ? (0, 0)
                : i % 2 == 0 ? Around(space.KvGroups, grid.KvGroups, at, radius) : Around(space.Neurons, grid.Neurons, at, radius))];
            double[][] Within(double[][] rows) => [.. rows.Zip(ranges, (r, range) => r[range.First..(range.Last + 1)])];
            if (Knapsack.Solve(Within(choices.Costs), Within(choices.Losses), target - choices.FixedCost) is { } found) return [.. found.Zip(ranges, (j, range) => range.First + j)];
        }
    }

    private static (int First, int Last) Around(ImmutableArray<int> legal, ImmutableArray<int> all, int at, int radius)
    {
        int below = Math.Max(0, legal.Count(w => w <= all[at]) - 1 - radius), above = Math.Min(legal.Length - 1, legal.Count(w => w < all[at]) + radius);
        return (all.IndexOf(legal[below]), all.IndexOf(legal[above]));
    }

    // Narrow one part at a time to any narrower width: the least loss per cost saved.
    private static void Shrink(ChoiceSpace choices, int[] current, double target)
    {
        while (choices.Total(current) > target)
        {
            (int item, int choice, double rate) best = (-1, 0, double.PositiveInfinity);
            for (int i = 0; i < current.Length; i++)
                for (int j = 0; j < choices.Costs[i].Length; j++)
                {
                    double saved = choices.Costs[i][current[i]] - choices.Costs[i][j];
                    if (saved <= 0) continue;
                    double rate = (choices.Losses[i][j] - choices.Losses[i][current[i]]) / saved;
                    if (rate < best.rate) best = (i, j, rate);
                }
            current[best.item] = best.choice;
        }
    }

    // Widen one part at a time to any width that still fits: the most gain per cost added, of equal ones the widest. What gains nothing by the
    // prediction comes last: it loses nothing either, and a budget is there to be used.
    private static int[] Widened(ChoiceSpace choices, int[] start, double target)
    {
        int[] current = [.. start];
        while (true)
        {
            double total = choices.Total(current);
            (int item, int choice, double rate, double added) best = (-1, 0, -1, 0);
            for (int i = 0; i < current.Length; i++)
                for (int j = 0; j < choices.Costs[i].Length; j++)
                {
                    double gain = choices.Losses[i][current[i]] - choices.Losses[i][j], added = choices.Costs[i][j] - choices.Costs[i][current[i]];
                    if (gain < 0 || (gain == 0 && added <= 0) || total + added > target * (1 + 1e-9)) continue;
                    double rate = added <= 0 ? double.MaxValue : gain / added, tie = 1e-9 * Math.Abs(best.rate);
                    if (rate < best.rate - tie || (rate <= best.rate + tie && added <= best.added)) continue;
                    int old = current[i];
                    current[i] = j;
                    if (choices.Total(current) <= target) best = (i, j, rate, added);
                    current[i] = old;
                }
            if (best.item < 0) return current;
            current[best.item] = best.choice;
        }
    }
}
