using System.Globalization;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Selection;

/// <summary>
/// Finds a sub-network within a budget, always feasible by the table. A router's proposal is repaired: narrowed where that loses least
/// while over budget, then widened where that gains most while there is slack.
/// </summary>
/// <param name="config">The model.</param>
/// <param name="space">Its legal widths.</param>
public sealed class NetworkSelector(ModelConfig config, ElasticSpace space)
{
    private ICostTable? latency;

    /// <summary>The model's shape.</summary>
    public ModelConfig Config => config;

    /// <summary>Legal widths.</summary>
    public ElasticSpace Space => space;

    /// <summary>Measured losses; without them widths are kept even.</summary>
    public LossSensitivities? Sensitivities { get; init; }

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
        ElasticFrame? proposed = proposal is null ? null : space.FrameOf(proposal)
            ?? throw new FlextronException($"The proposed sub-network {proposal} has widths that are not among the elastic choices: propose only legal widths.");
        LossSensitivities? losses = Sensitivities?.Monotone();
        (SubNetwork? best, double bestLoss, double least) = (null, double.NaN, double.PositiveInfinity);
        foreach (ElasticFrame frame in space.Frames.OrderByDescending(f => f == proposed))
        {
            if (frame.Width is { } width && cost.AtWidth(width) is null) continue;
            var choices = new ChoiceSpace(space, frame, cost, losses);
            int[] cheapest = [.. choices.Costs.Select(c => Array.IndexOf(c, c.Min()))];
            least = Math.Min(least, choices.Total(cheapest));
            if (!(target >= choices.Total(cheapest))) continue;
            int[] start = frame == proposed ? choices.Choices(proposal!)
                : losses is not null ? Optimum(choices, target) ?? cheapest
                : WidestUniform(choices, target) ?? cheapest;
            Shrink(choices, start, target);
            Grow(choices, start, target);
            SubNetwork network = choices.Network(start);
            if (frame == proposed || losses is null) return Describe(network, cost);
            double loss = losses.Predict(network) ?? double.PositiveInfinity;
            if (best is null || loss < bestLoss) (best, bestLoss) = (network, loss);
        }
        return best is not null ? Describe(best, cost)
            : throw new FlextronException(string.Create(CultureInfo.InvariantCulture,
                $"A budget of {target:0.######} {cost.Unit} is below the smallest sub-network, which needs {RoundedUp(least)} {cost.Unit}: give at least that."));
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
        ICostTable parameters = AnalyticCosts.Parameters(config);
        SubNetwork? widest = space.KvGroups.SelectMany(g => space.Neurons.Select(n => new SubNetwork(Enumerable.Repeat(new BlockShape(g, n), space.BlockCount))))
            .Where(s => cost.Cost(s) <= target).MaxBy(parameters.Cost);
        return widest is null ? Select(target, cost) : Describe(widest, cost);
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

    private static int[]? Optimum(ChoiceSpace choices, double target) => Knapsack.Solve(choices.Costs, choices.Losses, target - choices.FixedCost);

    private static int[]? WidestUniform(ChoiceSpace choices, double target)
    {
        const int Shares = 100;
        return Enumerable.Range(0, Shares + 1).Select(i => choices.Uniform((double)i / Shares))
            .Where(c => choices.Total(c) <= target).MaxBy(c => choices.Total(c));
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

    // Widen one part at a time to any width that still fits: the most gain per cost added.
    private static void Grow(ChoiceSpace choices, int[] current, double target)
    {
        while (true)
        {
            (int item, int choice, double rate) best = (-1, 0, 0);
            for (int i = 0; i < current.Length; i++)
                for (int j = 0; j < choices.Costs[i].Length; j++)
                {
                    double gain = choices.Losses[i][current[i]] - choices.Losses[i][j], added = choices.Costs[i][j] - choices.Costs[i][current[i]];
                    if (gain <= 0) continue;
                    double rate = added <= 0 ? double.MaxValue : gain / added;
                    if (rate <= best.rate) continue;
                    int old = current[i];
                    current[i] = j;
                    if (choices.Total(current) <= target) best = (i, j, rate);
                    current[i] = old;
                }
            if (best.item < 0) return;
            current[best.item] = best.choice;
        }
    }

    // Six significant digits, rounded up, so that the printed number is itself a possible budget.
    private static string RoundedUp(double value)
    {
        double step = value > 0 ? Math.Pow(10, Math.Floor(Math.Log10(value)) - 5) : 1;
        double rounded = Math.Ceiling(value / step) * step;
        return (rounded < value ? rounded + step : rounded).ToString("0.############", CultureInfo.InvariantCulture);
    }
}
