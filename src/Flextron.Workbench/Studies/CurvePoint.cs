using Flextron.Latency;
using Flextron.Models;
using Flextron.Training;

namespace Flextron.Workbench.Studies;

/// <summary>What one way of choosing picked for one latency target, and how that turned out.</summary>
/// <param name="Method">Router, knapsack over blocks or over all axes, or uniform.</param>
/// <param name="TargetMs">The target.</param>
/// <param name="Network">The choice.</param>
/// <param name="PredictedMs">Its latency by the table, never above the target.</param>
/// <param name="MeasuredMs">Its latency end to end.</param>
/// <param name="Loss">Its held-out loss.</param>
/// <param name="Parameters">Its parameters.</param>
public sealed record CurvePoint(string Method, double TargetMs, SubNetwork Network, double PredictedMs, Quartiles MeasuredMs, LossEstimate Loss, long Parameters)
{
    /// <summary>The learned routers, repaired to the budget.</summary>
    public const string Router = "static router";

    /// <summary>The exact optimum of the layer-separable loss model.</summary>
    public const string Knapsack = "knapsack";

    /// <summary>The same optimum over residual width and depth too, where the family has these axes.</summary>
    public const string AllAxes = "knapsack over all axes";

    /// <summary>All blocks at one width, the largest that fits.</summary>
    public const string Uniform = "uniform widths";
}
