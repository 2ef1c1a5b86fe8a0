namespace Flextron.Importance;

/// <summary>How far two ways to score neurons order a block alike.</summary>
/// <param name="First">One.</param>
/// <param name="Second">The other.</param>
/// <param name="Spearman">Rank correlation; null where a score does not order.</param>
public sealed record VariantAgreement(NeuronMetric First, NeuronMetric Second, double? Spearman);
