using System.Globalization;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Routing;
using Flextron.Routing.Dynamic;

namespace Flextron.Selection;

/// <summary>
/// A latency budget that dynamic routers spend token by token: after every token of a sequence the mean cost of its tokens is at most the budget. Where a prompt is read at once by
/// capacities that holds from the prompt's end on.
/// </summary>
/// <param name="Routers">Choose.</param>
/// <param name="Space">What they choose among.</param>
/// <param name="Costs">What choices cost, ms.</param>
/// <param name="NormalisedTarget">0 for the smallest network's cost, 1 for the whole network's.</param>
public sealed record TokenBudget(DynamicRouters Routers, ElasticSpace Space, RoutingCosts Costs, double NormalisedTarget)
{
    /// <summary>The budget of a family that has dynamic routers.</summary>
    /// <param name="bundle">The family.</param>
    /// <param name="budget">A share of the full latency, or milliseconds.</param>
    /// <param name="latency">What choices cost; the family's own table by default.</param>
    /// <exception cref="FlextronException">The family has no dynamic routers or no table, or the budget is of another kind or below the smallest network.</exception>
    public static TokenBudget Of(FamilyBundle bundle, Budget budget, ICostTable? latency = null)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(budget);
        DynamicRouters routers = bundle.Dynamic is { Budgets: not null } trained ? trained
            : throw new FlextronException($"{bundle.Family.Path} has no routers that choose for every token: run `flextron route --dynamic`, or leave --dynamic out.");
        if (budget.Kind is not (BudgetKind.LatencyShare or BudgetKind.Milliseconds))
            throw new FlextronException($"Routers that choose for every token keep a budget of time, and {budget} is none: give a share such as 0.5, or milliseconds.");
        if (latency is null) bundle.Table?.RequireMatch(bundle.Table.Key.Here(bundle.Family.Model));
        latency ??= bundle.Selector.Latency
            ?? throw new FlextronException($"The budget {budget} needs a latency table: run `flextron profile` first.");
        ElasticSpace space = bundle.Family.Space.Blockwise;
        RoutingCosts costs = RoutingCosts.Of(latency, space).ValidatedFor(space);
        double target = budget.Kind == BudgetKind.LatencyShare ? budget.Value * costs.Full : budget.Value;
        if (target < costs.Smallest)
            throw new FlextronException(string.Create(CultureInfo.InvariantCulture,
                $"A budget of {target:0.######} ms is below the smallest sub-network, which needs {CostText.RoundedUp(costs.Smallest)} ms: give at least that."));
        return new TokenBudget(routers, space, costs, Math.Min(1, costs.Normalised(target)));
    }

    /// <summary>Opens the account of one sequence.</summary>
    /// <param name="keeping">What keeps the budget: the controller alone for scoring, capacities for reading a prompt at once.</param>
    public RoutedChoices Begin(BudgetKeeping keeping = BudgetKeeping.Causal) => new(Routers, Costs, [NormalisedTarget], keeping);

    /// <summary>The mean cost that no sequence exceeds, ms.</summary>
    public double TargetMs => Costs.Target(NormalisedTarget);
}
