using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.WayComparisons;

/// <summary>One network of a way on the chart.</summary>
/// <param name="Series">Its way.</param>
/// <param name="Label">The arm, or what the family's sub-network was chosen for.</param>
/// <param name="Seeds">What every seed measured, in their order.</param>
internal sealed record WayPoint(string Series, string Label, IReadOnlyList<WayMeasurement> Seeds)
{
    /// <summary>Mean over seeds.</summary>
    public SummaryValue Over(Func<WayMeasurement, double> value) => SummaryValue.OfValues([.. Seeds.Select(value)]);

    public SummaryValue Loss => Over(m => m.Loss.Mean);

    public SummaryValue PromptMs => Over(m => m.PromptMs);
}

/// <summary>What one seed measured of a network.</summary>
/// <param name="PromptMs">Median latency of the prompts.</param>
/// <param name="TokenMs">Median latency of a generated token; null where not compared.</param>
/// <param name="Loss">Held-out loss.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Training">The training that it comes from, which networks of a family share.</param>
/// <param name="Scores">Results on benchmarks.</param>
internal sealed record WayMeasurement(double PromptMs, double? TokenMs, LossEstimate Loss, long Parameters, WayOutcome Training, IReadOnlyList<WayScore> Scores);
