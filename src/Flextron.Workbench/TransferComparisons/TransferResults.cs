using Flextron.Training;
using Flextron.Workbench.Experiments;
using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>What the arms came to, and its statistics: means over seeds, differences paired by seed.</summary>
internal sealed class TransferResults(
    TransferComparisonSettings settings, LossEstimate original, IReadOnlyDictionary<(string Arm, long Seed), TransferOutcome> outcomes)
{
    public TransferComparisonSettings Settings { get; } = settings;

    /// <summary>Held-out loss of the pretrained Transformer.</summary>
    public LossEstimate Original { get; } = original;

    public TransferOutcome Outcome(string arm, long seed) => outcomes[(arm, seed)];

    /// <summary>Mean over seeds of a value that each seed has.</summary>
    public SummaryValue OverSeeds(Func<long, double> value)
    {
        double[] values = [.. Settings.Seeds.Select(value)];
        return SummaryValue.OfMean(values.Mean(), values.Length > 1 ? values.StandardDeviation() : 0, values.Length);
    }

    public SummaryValue After(string arm) => OverSeeds(s => Outcome(arm, s).After);

    /// <summary>Loss at the end, one arm − another, seed by seed.</summary>
    public SummaryValue Difference(string arm, string other) => OverSeeds(s => Outcome(arm, s).After - Outcome(other, s).After);

    /// <summary>
    /// How many times fewer steps an arm needs to reach the loss at which its control from scratch ends, seed by seed; null where there is no control, or an
    /// arm does not reach it with some seed.
    /// </summary>
    public SummaryValue? Speedup(string arm)
    {
        if (Settings.Control(arm) is not { } control) return null;
        double? Of(long seed) => Settings.Training.Steps / Outcome(arm, seed).StepsTo(Outcome(control, seed).After);
        return Settings.Seeds.All(s => Of(s) is { } ratio && double.IsFinite(ratio)) ? OverSeeds(s => Of(s)!.Value) : null;
    }

    /// <summary>Held-out loss over the steps, means over seeds; the first point is before training.</summary>
    public (double[] Steps, SummaryValue[] Losses) Curve(string arm)
    {
        TransferOutcome first = Outcome(arm, Settings.Seeds[0]);
        double[] steps = [0, .. first.Steps.Select(s => (double)s)];
        return (steps, [OverSeeds(s => Outcome(arm, s).Before), .. Enumerable.Range(0, first.Steps.Count).Select(i => OverSeeds(s => Outcome(arm, s).Losses[i].Mean))]);
    }
}
