namespace Flextron.Workbench.WayComparisons;

/// <summary>What learning one seed's router took, beside the family's training.</summary>
/// <param name="Flops">Operations in the LM, counted.</param>
/// <param name="Seconds">How long it took; not comparable between machines.</param>
/// <param name="Spearman">Rank correlation of its surrogate on held-out networks; null where there was none.</param>
internal sealed record RouterCost(double Flops, double Seconds, double? Spearman);
