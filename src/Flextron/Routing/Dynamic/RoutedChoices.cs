using Flextron.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Dynamic;

/// <summary>Choices by dynamic routers, held to their budget.</summary>
public sealed class RoutedChoices : ITokenChoices
{
    private readonly DynamicRouters routers;
    private readonly double[][] costs;
    private readonly double[] targets, prices;
    private readonly IReadOnlyList<int>[]? attention;
    private readonly BudgetKeeping keeping;
    private readonly Action<int, float[]>? onScores;
    private readonly int[] fixed_B, one = new int[1];
    private readonly float[] score_K;
    private readonly TokenScorer scorer;

    /// <summary>Prepares a batch of sequences.</summary>
    /// <param name="routers">Trained.</param>
    /// <param name="costs">What choices cost.</param>
    /// <param name="targets_B">A normalised target for each sequence.</param>
    /// <param name="keeping">What keeps the budget.</param>
    /// <param name="settings">How the controller balances.</param>
    public RoutedChoices(
        DynamicRouters routers, RoutingCosts costs, IReadOnlyList<double> targets_B, BudgetKeeping keeping = BudgetKeeping.Causal, BudgetSettings? settings = null)
        : this(routers, routers?.Budgets ?? throw new ArgumentException("The routers have no layer budgets yet.", nameof(routers)), costs, targets_B, null)
    {
        this.keeping = keeping;
        if (keeping != BudgetKeeping.None) Controller = new BudgetController(routers.Space, costs, routers.Budgets, targets_B, settings);
    }

    /// <summary>Without a controller, under other budgets than the routers' own, with a look at the scores.</summary>
    internal RoutedChoices(DynamicRouters routers, LayerBudgets budgets, RoutingCosts costs, IReadOnlyList<double> targets_B, Action<int, float[]>? onScores)
    {
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(targets_B);
        (this.routers, this.costs, targets, this.onScores, keeping) = (routers, costs.Layers(), [.. targets_B], onScores, BudgetKeeping.None);
        prices = [.. targets.Select(t => budgets.PriceAt(t) / (costs.Full - costs.Smallest))];
        if (budgets.Attention is not null) attention = [.. targets.Select(t => budgets.AttentionAt(t, costs)!)];
        fixed_B = new int[targets.Length];
        score_K = new float[this.costs.Max(c => c.Length)];
        scorer = new TokenScorer(routers, targets);
    }

    /// <summary>The accounts.</summary>
    public BudgetController? Controller { get; }

    /// <summary>Gumbel noise on the scores, for exploring; none where null.</summary>
    public Random? Noise { get; init; }

    /// <summary>Factor on the noise: a temperature.</summary>
    public double NoiseScale { get; init; } = 1;

    /// <inheritdoc/>
    public int[] Choose(int layer, Tensor x_BTC)
    {
        ArgumentNullException.ThrowIfNull(x_BTC);
        int[] choice_BT = new int[x_BTC.size(0) * x_BTC.size(1)];
        if (IsFixed(layer))
        {
            Fixed(layer, choice_BT);
            return choice_BT;
        }
        float[] scores = Scores(layer, x_BTC);
        onScores?.Invoke(layer, scores);
        Priced(layer, scores);
        if (Noise is not null)
            for (int i = 0; i < scores.Length; i++) scores[i] += (float)(NoiseScale * RouterNoise.Gumbel(Noise));
        Choose(layer, scores, choice_BT);
        return choice_BT;
    }

    /// <inheritdoc/>
    /// <remarks>Allocates nothing after a sequence's first token.</remarks>
    public int Choose(int layer, ReadOnlySpan<float> x_C)
    {
        if (targets.Length != 1) throw new ArgumentException($"One token's choice was asked of {targets.Length} sequences.", nameof(x_C));
        if (IsFixed(layer))
        {
            Fixed(layer, one);
            return one[0];
        }
        Span<float> scores = score_K.AsSpan(0, costs[layer].Length);
        scorer.Score(layer, x_C, scores);
        Priced(layer, scores);
        if (Noise is not null)
            foreach (ref float score in scores) score += (float)(NoiseScale * RouterNoise.Gumbel(Noise));
        Choose(layer, scores, one);
        return one[0];
    }

    private bool IsFixed(int layer) => attention is not null && layer < routers.Space.BlockCount;

    private void Fixed(int layer, Span<int> choice_BT)
    {
        for (int b = 0; b < fixed_B.Length; b++) fixed_B[b] = attention![b][layer];
        if (Controller is not null)
        {
            Controller.Spend(layer, fixed_B, choice_BT);
            return;
        }
        int time = choice_BT.Length / fixed_B.Length;
        for (int b = 0; b < fixed_B.Length; b++) choice_BT.Slice(b * time, time).Fill(fixed_B[b]);
    }

    private void Choose(int layer, ReadOnlySpan<float> scores_BTK, Span<int> choice_BT)
    {
        if (keeping == BudgetKeeping.Capacities && choice_BT.Length > targets.Length) Controller!.Assign(layer, scores_BTK, choice_BT);
        else if (Controller is not null) Controller.Decide(layer, scores_BTK, choice_BT);
        else Greatest(scores_BTK, choice_BT);
    }

    private void Priced(int layer, Span<float> scores_BTK)
    {
        double[] cost = costs[layer];
        int each = scores_BTK.Length / targets.Length;
        for (int b = 0; b < targets.Length; b++)
        {
            if (prices[b] == 0) continue;
            Span<float> own = scores_BTK.Slice(b * each, each);
            for (int k = 0; k < cost.Length; k++)
            {
                float price = (float)(prices[b] * cost[k]);
                for (int at = k; at < own.Length; at += cost.Length) own[at] -= price;
            }
        }
    }

    private unsafe float[] Scores(int layer, Tensor x_BTC)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // Routers are float32 on the processor, whatever the LM is: the controller decides there anyway.
        Tensor rows_NC = x_BTC.detach().to(ScalarType.Float32).cpu().contiguous();
        float[] scores = new float[rows_NC.numel() / routers.Channels * costs[layer].Length];
        scorer.Score(layer, new ReadOnlySpan<float>(TensorPointer.Of<float>(rows_NC), checked((int)rows_NC.numel())), scores);
        return scores;
    }

    private static void Greatest(ReadOnlySpan<float> scores_NK, Span<int> choice_N)
    {
        int choices = scores_NK.Length / choice_N.Length;
        for (int i = 0; i < choice_N.Length; i++)
        {
            choice_N[i] = 0;
            for (int k = 1; k < choices; k++)
                if (scores_NK[i * choices + k] > scores_NK[i * choices + choice_N[i]]) choice_N[i] = k;
        }
    }
}
