using Flextron.Models;
using Flextron.Routing;
using Flextron.Training;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>Static routers trained in one way, judged on the family as it was before any fine-tuning.</summary>
/// <param name="Method">How they were trained.</param>
/// <param name="LmOperations">Floating-point operations in the LM.</param>
/// <param name="Seconds">Wall-clock time.</param>
/// <param name="Surrogate">The last surrogate on held-out networks, where there was one.</param>
/// <param name="LossScale">Unit of the joint objective.</param>
/// <param name="Points">What they choose for each target.</param>
internal sealed record RouterOutcome(RoutingMethod Method, double LmOperations, double Seconds, SurrogateFit? Surrogate, double LossScale, IReadOnlyList<RouterPoint> Points);

/// <summary>What routers choose within a target, unrepaired.</summary>
/// <param name="Share">Normalised target.</param>
/// <param name="Network">The choice.</param>
/// <param name="CostMs">Its latency by the table.</param>
/// <param name="Loss">Held-out loss.</param>
internal sealed record RouterPoint(double Share, SubNetwork Network, double CostMs, LossEstimate Loss);
