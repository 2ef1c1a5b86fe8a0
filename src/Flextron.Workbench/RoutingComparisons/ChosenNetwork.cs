using Flextron.Models;
using Flextron.Training;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>What one way of choosing picked for one target on the fine-tuned family.</summary>
/// <param name="Way">Which way.</param>
/// <param name="TargetMs">The target.</param>
/// <param name="Network">The choice.</param>
/// <param name="CostMs">Its latency by the table, never above the target.</param>
/// <param name="Loss">Held-out loss.</param>
internal sealed record ChosenNetwork(string Way, double TargetMs, SubNetwork Network, double CostMs, LossEstimate Loss)
{
    public const string Router = "static router";

    public const string Uniform = "uniform widths";

    public const string LeastSlope = "least slope";

    public const string Evolution = "evolutionary search";

    public const string Knapsack = "exact knapsack";

    /// <summary>What the router is compared with.</summary>
    public static IReadOnlyList<string> Controls { get; } = [Uniform, LeastSlope, Evolution, Knapsack];
}

/// <summary>All choices of one seed.</summary>
/// <param name="Selections">For the evenly spaced targets.</param>
/// <param name="UniformCurve">The uniform control at twice as many targets, to interpolate between.</param>
/// <param name="Random">For random targets, by the router.</param>
/// <param name="EvolutionEvaluations">Losses that evolutionary search measured in all.</param>
/// <param name="Repaired">Router answers that were adjusted to their target.</param>
/// <param name="Overruled">Of the evenly spaced targets those where another measured network was preferred to the router's answer.</param>
internal sealed record SeedChoices(IReadOnlyList<ChosenNetwork> Selections, IReadOnlyList<ChosenNetwork> UniformCurve, IReadOnlyList<RandomTarget> Random, int EvolutionEvaluations, int Repaired, int Overruled);

/// <summary>A random target and what the router's selection costs by the table.</summary>
/// <param name="TargetMs">The target.</param>
/// <param name="Network">The selection.</param>
/// <param name="CostMs">Its latency by the table.</param>
internal sealed record RandomTarget(double TargetMs, SubNetwork Network, double CostMs);
