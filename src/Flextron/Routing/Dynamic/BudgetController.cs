using Flextron.Elastic;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Keeps the mean cost of every sequence at or under its target after every token, whatever the routers ask for. It is causal: a token's choices depend
/// on nothing but itself and earlier tokens, so the same choices come out whether a text is read at once or token by token, and scoring a
/// text does not look ahead.
/// </summary>
/// <remarks>
/// <para>Layer l may spend b_l a token on average, and the b_l add up to the target (<see cref="LayerBudgets"/>). What a token leaves of it is stored for later
/// tokens of the same layer; what the store cannot hold goes to the same token in the next layer that runs. Budget is only ever moved to what
/// comes later, in tokens or in layers, so no prefix of a sequence has spent more than its share: Σ cost ≤ tokens · target.</para>
/// <para>Among the choices that a layer can pay for, the one with the greatest <c>score + gain · (fullness − reserve) · (cost − b_l) / range</c> is taken: a full store speaks
/// for dearer choices, so that budget is not left over, an empty one for cheaper, so that tokens to come find something to spend, unless b_l pays for the dearest anyway. The cheapest choice can always be paid for.</para>
/// </remarks>
public sealed class BudgetController
{
    private readonly double[][] costs;
    private readonly double[][] budget;
    private readonly double[][] stored;
    private readonly double[] capacity, range, dearest;
    private readonly double[][] spent;
    private readonly double gain, reserve, fixedCost;
    private readonly double[] worst, target;
    private double[] overflow = [], tokenCost = [];

    /// <summary>Opens an account for each of several sequences.</summary>
    /// <param name="space">The choices.</param>
    /// <param name="costs">What they cost.</param>
    /// <param name="budgets">How a target is shared among layers.</param>
    /// <param name="targets_B">A normalised target for each sequence.</param>
    /// <param name="settings">How to balance.</param>
    public BudgetController(ElasticSpace space, RoutingCosts costs, LayerBudgets budgets, IReadOnlyList<double> targets_B, BudgetSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(budgets);
        ArgumentNullException.ThrowIfNull(targets_B);
        settings = (settings ?? new BudgetSettings()).Validated();
        this.costs = costs.ValidatedFor(space).Layers();
        budget = [.. targets_B.Select(t => budgets.At(t, costs))];
        range = [.. this.costs.Select(c => Math.Max(c.Max() - c.Min(), 1e-12 * costs.Full))];
        dearest = [.. this.costs.Select(c => c.Max())];
        capacity = [.. range.Select(r => settings.Burst * r)];
        stored = [.. targets_B.Select(_ => new double[range.Length])];
        spent = [.. targets_B.Select(_ => new double[range.Length])];
        worst = new double[targets_B.Count];
        target = [.. targets_B.Select(t => costs.Target(Math.Clamp(t, 0, 1)))];
        (gain, reserve) = (settings.Gain, settings.Reserve);
        fixedCost = costs.Fixed;
    }

    /// <summary>Tokens decided so far, the same for every sequence.</summary>
    public int Tokens { get; private set; }

    /// <summary>Mean cost of a sequence's tokens so far: what a static network of this cost would have spent.</summary>
    public double MeanCost(int sequence) => Tokens == 0 ? 0 : fixedCost + spent[sequence].Sum() / Tokens;

    /// <summary>The greatest that a sequence's running mean cost has been after any of its tokens, over its target: never above 1, up to rounding.</summary>
    public double WorstRatio(int sequence) => worst[sequence];

    /// <summary>Cost of each token of the last stretch, b·T + t, the fixed part included.</summary>
    public IReadOnlyList<double> TokenCosts => tokenCost;

    /// <summary>Mean cost of a sequence's tokens in each layer.</summary>
    public double[] MeanLayerCosts(int sequence) => [.. spent[sequence].Select(s => s / Math.Max(1, Tokens))];

    /// <summary>Decides a layer's choices for a stretch of tokens.</summary>
    /// <param name="layer">Each stretch begins with the first block's attention, then its MLP, and so on through all layers.</param>
    /// <param name="scores_BTK">Scores of the choices, row after row: the greater, the better; any constant may be added to a token's.</param>
    /// <returns>Choice indices, b·T + t.</returns>
    public int[] Decide(int layer, float[] scores_BTK)
    {
        ArgumentNullException.ThrowIfNull(scores_BTK);
        int choices = costs[layer].Length;
        return Account(layer, scores_BTK.Length / (budget.Length * choices), (b, at, available, store) => Best(layer, scores_BTK.AsSpan(at * choices, choices), available, budget[b][layer], store));
    }

    /// <summary>Takes the same choice for every token of a sequence, where a layer does not look at tokens.</summary>
    /// <param name="layer">As in <see cref="Decide"/>.</param>
    /// <param name="choice_B">Choice index of each sequence, one that the layer's budget pays for.</param>
    /// <param name="time">T, tokens of the stretch.</param>
    /// <returns>Choice indices, b·T + t.</returns>
    public int[] Spend(int layer, IReadOnlyList<int> choice_B, int time)
    {
        ArgumentNullException.ThrowIfNull(choice_B);
        return Account(layer, time, (b, _, available, _) => costs[layer][choice_B[b]] <= available * (1 + 1e-12) ? choice_B[b]
            : throw new FlextronException("The layer budgets of the dynamic routers do not pay for their attention choices: train the dynamic routers again, with this latency table."));
    }

    private int[] Account(int layer, int time, Func<int, int, double, double, int> choose)
    {
        int rows = budget.Length;
        if (layer == 0)
        {
            // What the last layer could not store is lost: a new stretch begins with its own budget alone.
            overflow = new double[rows * time];
            tokenCost = [.. Enumerable.Repeat(fixedCost, rows * time)];
            Tokens += time;
        }
        int[] decided = new int[rows * time];
        for (int b = 0; b < rows; b++)
        {
            double store = stored[b][layer], share = budget[b][layer], sum = spent[b][layer];
            for (int t = 0; t < time; t++)
            {
                int at = b * time + t;
                double available = store + share + overflow[at];
                int choice = choose(b, at, available, store);
                decided[at] = choice;
                double left = Math.Max(0, available - costs[layer][choice]);
                sum += costs[layer][choice];
                tokenCost[at] += costs[layer][choice];
                store = Math.Min(left, capacity[layer]);
                overflow[at] = left - store;
            }
            (stored[b][layer], spent[b][layer]) = (store, sum);
        }
        if (layer == costs.Length - 1) FollowRunningMeans(time);
        return decided;
    }

    private void FollowRunningMeans(int time)
    {
        for (int b = 0; b < budget.Length; b++)
        {
            double sum = tokenCost.AsSpan(b * time, time).ToArray().Sum(), before = fixedCost * Tokens + spent[b].Sum() - sum;
            for (int t = 0; t < time; t++)
            {
                before += tokenCost[b * time + t];
                worst[b] = Math.Max(worst[b], before / (Tokens - time + t + 1) / target[b]);
            }
        }
    }

    private int Best(int layer, ReadOnlySpan<float> scores_K, double available, double share, double store)
    {
        double[] cost = costs[layer];
        double fullness = capacity[layer] > 0 ? store / capacity[layer] - reserve : 0;
        // What pays for the dearest choice at every token needs no store.
        if (share * (1 + 1e-12) >= dearest[layer]) fullness = Math.Max(0, fullness);
        int best = -1, cheapest = 0;
        double greatest = double.NegativeInfinity;
        for (int k = 0; k < cost.Length; k++)
        {
            if (cost[k] < cost[cheapest]) cheapest = k;
            // Sums of the same numbers in another order may differ in their last digits.
            if (cost[k] > available * (1 + 1e-12)) continue;
            double score = scores_K[k] + gain * fullness * (cost[k] - share) / range[layer];
            if (score > greatest) (best, greatest) = (k, score);
        }
        return best < 0 ? cheapest : best;
    }
}
