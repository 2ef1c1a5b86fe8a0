using Flextron.Routing.Dynamic;
using Flextron.Training;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>Routing tokens in one way.</summary>
/// <param name="Arm">Which.</param>
/// <param name="Report">What training did.</param>
/// <param name="Seconds">Wall-clock time of training.</param>
/// <param name="Points">What they do at each target, under the budget controller.</param>
/// <param name="Sample">Where a sample text's compute goes at the middle target.</param>
internal sealed record DynamicOutcome(DynamicArm Arm, DynamicRoutingReport Report, double Seconds, IReadOnlyList<DynamicPoint> Points, TokenCompute Sample);

/// <summary>Dynamic routing at one target.</summary>
/// <param name="Share">Normalised target.</param>
/// <param name="TargetMs">The target.</param>
/// <param name="Loss">Held-out loss; where the arm is causal no token's choices depend on later ones.</param>
/// <param name="MeanCostMs">Mean counted cost of all tokens.</param>
/// <param name="WorstRatio">The greatest running mean over target that any sequence had, after any token or, of capacities, at its end.</param>
/// <param name="Sequences">Sequences read.</param>
internal sealed record DynamicPoint(double Share, double TargetMs, LossEstimate Loss, double MeanCostMs, double WorstRatio, int Sequences);

/// <summary>What each token of a text cost.</summary>
/// <param name="TargetMs">The target.</param>
/// <param name="Tokens">Pieces of text.</param>
/// <param name="Shares">Counted cost of each between the smallest (0) and the whole network's (1).</param>
internal sealed record TokenCompute(double TargetMs, IReadOnlyList<string> Tokens, IReadOnlyList<double> Shares);
