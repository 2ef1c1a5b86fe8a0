using System.Text.Json.Serialization;
using Flextron.Evaluation;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Workbench.Studies;

/// <summary>A benchmark's score at one point of the curve.</summary>
/// <param name="TargetMs">The latency target.</param>
/// <param name="MeasuredMs">The network's latency end to end.</param>
/// <param name="Network">The network.</param>
/// <param name="Result">The score.</param>
public sealed record BenchmarkPoint(double TargetMs, Quartiles MeasuredMs, SubNetwork Network, TaskResult Result)
{
    /// <summary>Whether guessing explains the accuracy: its 95 % interval contains the chance level. Null where there is nothing to guess among.</summary>
    [JsonIgnore]
    public bool? AtChance => Result.Chance > 0 && Result.Intervals.TryGetValue("acc", out ConfidenceInterval acc) ? acc.Low <= Result.Chance && Result.Chance <= acc.High : null;
}
