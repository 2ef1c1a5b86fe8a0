using System.Text.Json.Serialization;
using MathNet.Numerics.Statistics;

namespace Flextron.Training;

/// <summary>A held-out loss with its uncertainty.</summary>
/// <param name="PerWindow">Mean negative log-likelihood per token of each window, in nats.</param>
public sealed record LossEstimate(IReadOnlyList<double> PerWindow)
{
    /// <summary>Share of next tokens that were given the highest probability, 0 … 1; null where they were not counted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Accuracy { get; init; }

    /// <summary>Mean over windows, nats per token.</summary>
    public double Mean { get; } = PerWindow.Mean();

    /// <summary>Standard error of the mean over windows.</summary>
    public double StandardError { get; } = PerWindow.Count > 1 ? PerWindow.StandardDeviation() / Math.Sqrt(PerWindow.Count) : double.NaN;
}
