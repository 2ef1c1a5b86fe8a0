using Flextron.Models;

namespace Flextron.Routing;

/// <summary>What the routers chose for a target, and how that turned out.</summary>
/// <param name="Target">Normalised target.</param>
/// <param name="Network">The choice.</param>
/// <param name="Cost">Its table cost.</param>
/// <param name="NormalisedCost">The same on the target's scale; above the target where the choice is over budget.</param>
/// <param name="PredictedLoss">By the surrogate that trained the routers, before this network was measured.</param>
/// <param name="MeasuredLoss">LM loss.</param>
public sealed record RoutePoint(double Target, SubNetwork Network, double Cost, double NormalisedCost, double PredictedLoss, double MeasuredLoss);
