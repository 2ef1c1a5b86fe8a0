using Flextron.Evaluation;

namespace Flextron.Workbench.Studies;

/// <summary>A benchmark's score at one point of the curve.</summary>
/// <param name="TargetMs">The latency target.</param>
/// <param name="MeasuredMs">The network's latency end to end.</param>
/// <param name="Result">The score.</param>
/// <param name="MeanMargin">Mean log-probability of the right choice minus that of the best other one; null where there is no other.</param>
/// <param name="TargetNll">Mean negative log-probability of the right continuation, nats.</param>
public sealed record BenchmarkPoint(double TargetMs, double MeasuredMs, TaskResult Result, double? MeanMargin, double TargetNll);
