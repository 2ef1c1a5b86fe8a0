namespace Flextron.Inference;

/// <summary>How the table describes the model's own decisions.</summary>
/// <param name="Share">Of the decisions of all routed blocks those that let a token pass.</param>
/// <param name="PredictedMs">The whole workload by the table.</param>
/// <param name="MeasuredMs">The same measured, at the table's speed.</param>
public sealed record OwnDepths(double Share, double PredictedMs, double MeasuredMs);
