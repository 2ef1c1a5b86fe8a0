using Flextron.Elastic;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Keeps the mean cost of every sequence at or under its target, whatever the routers ask for. <see cref="Decide(int, ReadOnlySpan{float}, Span{int})"/>
/// is causal: a token's choices depend on nothing but itself and earlier tokens, so the same choices come out whether a text is read at once or token by
/// token, the promise holds after every token, and scoring a text does not look ahead. <see cref="Assign"/> gives the tokens of a stretch to capacities
/// and looks at all of them: for training and for prompts, never for scoring.
/// </summary>
/// <remarks>
/// <para>Layer l may spend b_l a token on average, and the b_l add up to the target (<see cref="LayerBudgets"/>). What a token leaves of it is stored for
/// later tokens of the same layer; what the store cannot hold, or what a stretch with capacities leaves, goes to the same token or stretch in the next
/// layer that runs. Budget is only ever moved to what comes later, in tokens or in layers, so no prefix of a sequence has spent more than its share: Σ
/// cost ≤ tokens · target. Behind a stretch with capacities that holds too.</para>
/// <para>Among the choices that a layer can pay for, the one with the greatest <c>score + gain · (fullness − reserve) · (cost − b_l) / range</c> is taken:
/// a full store speaks for dearer choices, so that budget is not left over, an empty one for cheaper, so that tokens to come find something to spend,
/// unless b_l pays for the dearest anyway. The cheapest choice can always be paid for.</para>
/// </remarks>
public sealed class BudgetController
{
    private readonly double[][] costs;
    private readonly double[][] budget;
    private readonly double[][] stored;
    private readonly IReadOnlyList<IReadOnlyList<double>>?[] wanted;
    private readonly double[] capacity, range, dearest;
    private readonly double[][] spent;
    private readonly double gain, reserve, fixedCost;
    private readonly double[] worst, target;
    private double[] overflow = [], tokenCost = [];
    private int stretch;

    // Whether some layer of the stretch looked at all of its tokens: the promise is then one for the stretch's end.
    private bool ahead;

    /// <summary>Opens an account for each of several sequences.</summary>
    /// <param name="space">The choices.</param>
    /// <param name="costs">What they cost.</param>
    /// <param name="budgets">How a target is shared among layers, and a layer's share among its choices.</param>
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
        Dictionary<double, IReadOnlyList<IReadOnlyList<double>>?> shares = targets_B.Distinct().ToDictionary(t => t, budgets.SharesAt);
        wanted = [.. targets_B.Select(t => shares[t])];
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

    /// <summary>
    /// The greatest that a sequence's running mean cost has been, over its target, after any token that was decided causally and behind any stretch that was
    /// assigned: never above 1, up to rounding.
    /// </summary>
    public double WorstRatio(int sequence) => worst[sequence];

    /// <summary>Cost of each token of the last stretch, b·T + t, the fixed part included.</summary>
    public IReadOnlyList<double> TokenCosts => new ArraySegment<double>(tokenCost, 0, target.Length * stretch);

    /// <summary>Mean cost of a sequence's tokens in each layer.</summary>
    public double[] MeanLayerCosts(int sequence) => [.. spent[sequence].Select(s => s / Math.Max(1, Tokens))];

    /// <summary>Decides a layer's choices for a stretch of tokens, each by itself and what came before. Nothing is allocated for stretches no longer than
    /// those before.</summary>
    /// <param name="layer">Each stretch begins with the first block's attention, then its MLP, and so on through all layers.</param>
    /// <param name="scores_BTK">Scores of the choices, row after row: the greater, the better; any constant may be added to a token's.</param>
    /// <param name="choice_BT">Receives choice indices, b·T + t.</param>
    public void Decide(int layer, ReadOnlySpan<float> scores_BTK, Span<int> choice_BT)
    {
        int choices = costs[layer].Length, time = Begin(layer, choice_BT.Length);
        for (int b = 0; b < target.Length; b++)
        {
            for (int at = b * time; at < (b + 1) * time; at++)
            {
                double available = stored[b][layer] + budget[b][layer] + overflow[at];
                choice_BT[at] = Best(layer, scores_BTK.Slice(at * choices, choices), available, budget[b][layer], stored[b][layer]);
                Pay(layer, b, at, choice_BT[at], available, capacity[layer]);
            }
        }
        End(layer, time);
    }

    /// <summary>The same, as a new array.</summary>
    public int[] Decide(int layer, float[] scores_BTK)
    {
        ArgumentNullException.ThrowIfNull(scores_BTK);
        int[] choice_BT = new int[scores_BTK.Length / costs[layer].Length];
        Decide(layer, scores_BTK, choice_BT);
        return choice_BT;
    }

    /// <summary>Takes the same choice for every token of a sequence, where a layer does not look at tokens.</summary>
    /// <param name="layer">As in <see cref="Decide(int, ReadOnlySpan{float}, Span{int})"/>.</param>
    /// <param name="choice_B">Choice index of each sequence, one that the layer's budget pays for.</param>
    /// <param name="choice_BT">Receives choice indices, b·T + t.</param>
    public void Spend(int layer, ReadOnlySpan<int> choice_B, Span<int> choice_BT)
    {
        int time = Begin(layer, choice_BT.Length);
        for (int b = 0; b < target.Length; b++)
        {
            for (int at = b * time; at < (b + 1) * time; at++)
            {
                double available = stored[b][layer] + budget[b][layer] + overflow[at];
                if (!(costs[layer][choice_B[b]] <= available * (1 + 1e-12)))
                {
                    throw new FlextronException(
                        "The layer budgets of the dynamic routers do not pay for their attention choices: train the dynamic routers again, with this latency table.");
                }
                choice_BT[at] = choice_B[b];
                Pay(layer, b, at, choice_B[b], available, room: 0);
            }
        }
        End(layer, time);
    }

    /// <summary>The same, as a new array.</summary>
    /// <param name="layer">As in <see cref="Decide(int, ReadOnlySpan{float}, Span{int})"/>.</param>
    /// <param name="choice_B">Choice index of each sequence, one that the layer's budget pays for.</param>
    /// <param name="time">T, tokens of the stretch.</param>
    public int[] Spend(int layer, IReadOnlyList<int> choice_B, int time)
    {
        ArgumentNullException.ThrowIfNull(choice_B);
        int[] choice_BT = new int[choice_B.Count * time];
        Spend(layer, [.. choice_B], choice_BT);
        return choice_BT;
    }

    /// <summary>
    /// Assigns a layer's choices to the tokens of a stretch by capacities: how many take each choice follows from what the layer may spend, and which ones
    /// from all of the stretch's scores. A sequence that has spent less before has more here.
    /// </summary>
    /// <param name="layer">As in <see cref="Decide(int, ReadOnlySpan{float}, Span{int})"/>.</param>
    /// <param name="scores_BTK">Scores of the choices, row after row.</param>
    /// <param name="choice_BT">Receives choice indices, b·T + t.</param>
    public void Assign(int layer, ReadOnlySpan<float> scores_BTK, Span<int> choice_BT)
    {
        int choices = costs[layer].Length, time = Begin(layer, choice_BT.Length);
        ahead = true;
        for (int b = 0; b < target.Length; b++)
        {
            double available = stored[b][layer] + time * budget[b][layer];
            for (int at = b * time; at < (b + 1) * time; at++) available += overflow[at];
            int[] counts = ChoiceCapacities.Counts(costs[layer], ChoiceCapacities.Shares(costs[layer], wanted[b]?[layer], available / time), time, available);
            Span<int> own_T = choice_BT.Slice(b * time, time);
            CapacityAssignment.Assign(scores_BTK.Slice(b * time * choices, time * choices), costs[layer], counts, own_T);
            double sum = 0;
            for (int t = 0; t < time; t++)
            {
                sum += costs[layer][own_T[t]];
                tokenCost[b * time + t] += costs[layer][own_T[t]];
                overflow[b * time + t] = 0;
            }
            double left = Math.Max(0, available - sum);
            spent[b][layer] += sum;
            // The next layer can spend it now; behind the last one it waits for later tokens. To the stretch's last token, which a layer that decides
            // causally, should one follow, comes to last.
            stored[b][layer] = layer < costs.Length - 1 ? 0 : Math.Min(left, capacity[layer]);
            overflow[(b + 1) * time - 1] = left - stored[b][layer];
        }
        End(layer, time);
    }

    private int Begin(int layer, int tokens)
    {
        int time = tokens / target.Length;
        if (layer > 0) return time;
        if (overflow.Length < tokens) (overflow, tokenCost) = (new double[tokens], new double[tokens]);
        // What the last layer could not store is lost: a new stretch begins with its own budget alone.
        Array.Clear(overflow);
        Array.Fill(tokenCost, fixedCost);
        Tokens += time;
        (stretch, ahead) = (time, false);
        return time;
    }

    // A layer that does not choose has no use for what it could store: it passes everything on.
    private void Pay(int layer, int sequence, int at, int choice, double available, double room)
    {
        double cost = costs[layer][choice], left = Math.Max(0, available - cost);
        spent[sequence][layer] += cost;
        tokenCost[at] += cost;
        stored[sequence][layer] = Math.Min(left, room);
        overflow[at] = left - stored[sequence][layer];
    }

    private void End(int layer, int time)
    {
        if (layer < costs.Length - 1) return;
        for (int b = 0; b < target.Length; b++)
        {
            double sum = fixedCost * Tokens + spent[b].Sum(), before = sum;
            for (int at = b * time; at < (b + 1) * time; at++) before -= tokenCost[at];
            for (int t = 0; t < time; t++)
            {
                before += tokenCost[b * time + t];
                if (!ahead || t == time - 1) worst[b] = Math.Max(worst[b], before / (Tokens - time + t + 1) / target[b]);
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
        double greatest = double.NegativeInfinity, slope = gain * fullness / range[layer];
        for (int k = 0; k < cost.Length; k++)
        {
            if (cost[k] < cost[cheapest]) cheapest = k;
            // Sums of the same numbers in another order may differ in their last digits.
            if (cost[k] > available * (1 + 1e-12)) continue;
            double score = scores_K[k] + slope * (cost[k] - share);
            if (score > greatest) (best, greatest) = (k, score);
        }
        return best < 0 ? cheapest : best;
    }
}
