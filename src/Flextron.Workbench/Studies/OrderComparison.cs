using Flextron.Training;

namespace Flextron.Workbench.Studies;

/// <summary>Held-out loss of uniform prefixes under different orders of the same parts, before any training.</summary>
/// <param name="Share">Kept share of every block.</param>
/// <param name="Importance">Ordered by importance.</param>
/// <param name="Original">In the checkpoint's own order.</param>
/// <param name="Random">Random orders.</param>
public sealed record OrderComparison(double Share, LossEstimate Importance, LossEstimate Original, IReadOnlyList<LossEstimate> Random);
