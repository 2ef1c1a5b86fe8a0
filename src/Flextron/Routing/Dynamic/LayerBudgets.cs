using System.Text.Json.Serialization;
using Flextron.Elastic;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// How a latency target is shared out among layers: what each layer's choices cost on average, as the routers were found to spend it. Between
/// targets it is interpolated, then fitted so that the shares add up to the target exactly and each layer can at least afford its cheapest choice.
/// </summary>
/// <param name="Targets">Normalised targets, ascending.</param>
/// <param name="Costs">[target][layer], layers as in <see cref="ChoiceVector"/>.</param>
public sealed record LayerBudgets(IReadOnlyList<double> Targets, IReadOnlyList<IReadOnlyList<double>> Costs)
{
    /// <summary>
    /// [target]: what time costs, in units of the scores for the range between the smallest and the whole network's latency. It makes the routers spend a
    /// target on average. Null: nothing.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Prices { get; init; }

    /// <summary>
    /// [target][block]: the group choice of all tokens, where attention is not routed: a target has those of the greatest target here that does not exceed
    /// it and, should other costs hold than the routers were trained with, that it can pay for; the cheapest groups where it can pay for none. Null: every
    /// token chooses its groups.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyList<int>>? Attention { get; init; }

    /// <summary>
    /// [target][layer][choice]: the share of tokens that takes each choice, as the routers were found to spend the target; what capacities are made of.
    /// Null: capacities are as even as the layer's budget allows.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyList<IReadOnlyList<double>>>? Shares { get; init; }

    /// <summary>What each layer may spend on average.</summary>
    /// <param name="target">Normalised: 0 stands for the smallest network's cost, 1 for the whole network's.</param>
    /// <param name="costs">The choices' costs.</param>
    public double[] At(double target, RoutingCosts costs)
    {
        ArgumentNullException.ThrowIfNull(costs);
        double[][] layers = costs.Layers();
        double[] least = [.. layers.Select(c => c.Min())], most = [.. layers.Select(c => c.Max())];
        // As the target is defined: by the narrowest and the widest choices, which need not be the cheapest and the dearest of every layer.
        double wanted = costs.Target(Math.Clamp(target, 0, 1)) - costs.Fixed;
        if (AttentionAt(target, costs) is { } attention)
            for (int b = 0; b < attention.Count; b++) least[b] = most[b] = layers[b][attention[b]];
        double[] shares = [.. Interpolated(Costs, target).Select((c, l) => Math.Clamp(c, least[l], most[l]))];
        double sum = shares.Sum();
        double[] ends = sum < wanted ? most : least;
        double room = ends.Sum() - sum, part = room == 0 ? 0 : Math.Clamp((wanted - sum) / room, 0, 1);
        return [.. shares.Select((s, l) => s + part * (ends[l] - s))];
    }

    /// <summary>The price of time at a target.</summary>
    public double PriceAt(double target) => Prices is null ? 0 : Interpolated([.. Prices.Select(p => (IReadOnlyList<double>)[p])], target)[0];

    /// <summary>The share of tokens by layer and choice at a target; null where they were not measured.</summary>
    /// <param name="target">Normalised.</param>
    public IReadOnlyList<IReadOnlyList<double>>? SharesAt(double target)
    {
        if (Shares is not { } shares) return null;
        return [.. Enumerable.Range(0, shares[0].Count).Select(l => Interpolated([.. shares.Select(s => s[l])], target))];
    }

    /// <summary>The group choice of every block at a target; null where every token chooses.</summary>
    /// <param name="target">Normalised.</param>
    /// <param name="costs">The choices' costs.</param>
    public IReadOnlyList<int>? AttentionAt(double target, RoutingCosts costs)
    {
        ArgumentNullException.ThrowIfNull(costs);
        if (Attention is null) return null;
        double left = costs.Target(Math.Clamp(target, 0, 1)) * (1 + 1e-9) - costs.Fixed - costs.Mlp.Sum(c => c.Min());
        int at = 0;
        while (at < Targets.Count - 1 && Targets[at + 1] <= target) at++;
        while (at > 0 && Attention[at].Select((k, b) => costs.Attention[b][k]).Sum() > left) at--;
        // Not even the lowest: ties between widths may be none in another table.
        return Attention[at].Select((k, b) => costs.Attention[b][k]).Sum() <= left ? Attention[at] : [.. costs.Attention.Select(c => Array.IndexOf(c, c.Min()))];
    }

    /// <summary>Checks that there is a finite cost for every layer of a space at every target, and that choices and prices fit too.</summary>
    /// <exception cref="FlextronException">There is not.</exception>
    public LayerBudgets ValidatedFor(ElasticSpace space, string source)
    {
        ArgumentNullException.ThrowIfNull(space);
        bool fits = Targets is { Count: > 0 } && Costs?.Count == Targets.Count && Targets.Zip(Targets.Skip(1)).All(p => p.First < p.Second)
            && Costs.All(c => c?.Count == 2 * space.BlockCount && c.All(double.IsFinite))
            && (Prices is null || (Prices.Count == Targets.Count && Prices.All(double.IsFinite)))
            && (Shares is null || (Shares.Count == Targets.Count
                && Shares.All(s => s?.Count == 2 * space.BlockCount && s.Zip(ChoiceVector.Layers(space)).All(p => IsShares(p.First, p.Second)))))
            && (Attention is null || (Attention.Count == Targets.Count && Attention.All(a => a?.Count == space.BlockCount && a.All(k => k >= 0 && k < space.KvGroups.Length))));
        return fits ? this : throw new FlextronException($"{source}: its layer budgets do not fit {space.BlockCount} blocks: train the dynamic routers again.");
    }

    private static bool IsShares(IReadOnlyList<double>? shares, int choices) =>
        shares?.Count == choices && shares.All(s => s >= 0) && Math.Abs(shares.Sum() - 1) < 1e-6;

    private IReadOnlyList<double> Interpolated(IReadOnlyList<IReadOnlyList<double>> rows, double target)
    {
        int next = 0;
        while (next < Targets.Count - 1 && Targets[next] < target) next++;
        if (next == 0 || Targets[next] <= target) return rows[next];
        double share = (target - Targets[next - 1]) / (Targets[next] - Targets[next - 1]);
        return [.. rows[next - 1].Zip(rows[next], (a, b) => a + share * (b - a))];
    }
}
