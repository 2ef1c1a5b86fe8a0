using Flextron.Data;
using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Dynamic;

/// <summary>Choices by dynamic routers, held to their budget by a controller where there is one.</summary>
public sealed class RoutedChoices : ITokenChoices
{
    private readonly DynamicRouters routers;
    private readonly double[][] costs;
    private readonly double[] targets, prices;
    private readonly IReadOnlyList<int>[]? attention;
    private readonly Random? noise;
    private readonly Action<int, float[]>? onScores;

    /// <summary>Prepares a batch of sequences.</summary>
    /// <param name="routers">Trained.</param>
    /// <param name="costs">What choices cost.</param>
    /// <param name="targets_B">A normalised target for each sequence.</param>
    /// <param name="controlled">Whether a controller keeps the budget; without one the choice of the greatest score is taken.</param>
    /// <param name="settings">How the controller balances.</param>
    /// <param name="noise">Gumbel noise for exploring; none by default.</param>
    public RoutedChoices(DynamicRouters routers, RoutingCosts costs, IReadOnlyList<double> targets_B, bool controlled = true, BudgetSettings? settings = null, Random? noise = null)
        : this(routers, routers?.Budgets ?? throw new ArgumentException("The routers have no layer budgets yet.", nameof(routers)), costs, targets_B, noise, null)
    {
        if (controlled) Controller = new BudgetController(routers.Space, costs, routers.Budgets, targets_B, settings);
    }

    /// <summary>Without a controller, under other budgets than the routers' own, with a look at the scores.</summary>
    internal RoutedChoices(DynamicRouters routers, LayerBudgets budgets, RoutingCosts costs, IReadOnlyList<double> targets_B, Random? noise, Action<int, float[]>? onScores)
    {
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(targets_B);
        (this.routers, this.costs, targets, this.noise, this.onScores) = (routers, costs.Layers(), [.. targets_B], noise, onScores);
        prices = [.. targets.Select(t => budgets.PriceAt(t) / (costs.Full - costs.Smallest))];
        if (budgets.Attention is not null) attention = [.. targets.Select(t => budgets.AttentionAt(t, costs)!)];
    }

    /// <summary>The accounts.</summary>
    public BudgetController? Controller { get; }

    /// <inheritdoc/>
    public int[] Choose(int layer, Tensor x_BTC)
    {
        ArgumentNullException.ThrowIfNull(x_BTC);
        int time = (int)x_BTC.size(1);
        if (layer < routers.Space.BlockCount && attention is not null)
        {
            int[] fixed_B = [.. attention.Select(a => a[layer])];
            return Controller?.Spend(layer, fixed_B, time) ?? [.. fixed_B.SelectMany(k => Enumerable.Repeat(k, time))];
        }
        float[] scores = Scores(layer, x_BTC);
        onScores?.Invoke(layer, scores);
        int choices = costs[layer].Length;
        for (int b = 0; b < targets.Length; b++)
        {
            if (prices[b] == 0) continue;
            for (int at = b * time * choices; at < (b + 1) * time * choices; at++) scores[at] -= (float)(prices[b] * costs[layer][at % choices]);
        }
        if (noise is not null)
            for (int i = 0; i < scores.Length; i++) scores[i] += (float)RouterNoise.Gumbel(noise);
        return Controller?.Decide(layer, scores) ?? Greatest(scores, choices);
    }

    private float[] Scores(int layer, Tensor x_BTC)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // Routers are float32 on the processor, whatever the LM is: the controller decides there anyway.
        Tensor targets_B = NativeTensor.Of(targets, ScalarType.Float32, CPU);
        return routers.Scores(layer, targets_B, x_BTC.to(ScalarType.Float32).cpu()).contiguous().data<float>().ToArray();
    }

    private static int[] Greatest(float[] scores, int choices)
    {
        int[] best = new int[scores.Length / choices];
        for (int i = 0; i < best.Length; i++)
            for (int k = 1; k < choices; k++)
                if (scores[i * choices + k] > scores[i * choices + best[i]]) best[i] = k;
        return best;
    }
}
