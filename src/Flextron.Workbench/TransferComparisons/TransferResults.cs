using Flextron.Training;
using Flextron.Workbench.Experiments;

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
    public SummaryValue OverSeeds(Func<long, double> value) => SummaryValue.OfValues([.. Settings.Seeds.Select(value)]);

    public SummaryValue After(string arm) => OverSeeds(s => Outcome(arm, s).After);

    /// <summary>What an arm spent in all.</summary>
    public SummaryValue Spent(string arm, TransferCost cost) => OverSeeds(s => Outcome(arm, s).End.Of(cost));

    /// <summary>Loss of one arm − another, seed by seed, when both have spent what the cheaper one does in all.</summary>
    public SummaryValue Difference(string arm, string other, TransferCost cost) => OverSeeds(seed =>
    {
        (TransferOutcome one, TransferOutcome two) = (Outcome(arm, seed), Outcome(other, seed));
        double spent = Math.Min(one.End.Of(cost), two.End.Of(cost));
        return one.LossAt(spent, cost) - two.LossAt(spent, cost);
    });

    /// <summary>How many times less an arm spends than another to reach the loss at which the other ends, seed by seed; null where it does not reach it with some seed.</summary>
    public SummaryValue? Speedup(string arm, string other, TransferCost cost)
    {
        double? Of(long seed) => Outcome(other, seed).End.Of(cost) / Outcome(arm, seed).SpentTo(Outcome(other, seed).After, cost);
        return Settings.Seeds.All(s => Of(s) is { } ratio && double.IsFinite(ratio)) ? OverSeeds(s => Of(s)!.Value) : null;
    }

    /// <summary>Held-out loss over what is spent, means over seeds of both at every measurement; the first point is before training.</summary>
    public (double[] Spent, SummaryValue[] Losses) Curve(string arm, TransferCost cost)
    {
        int[] points = [.. Enumerable.Range(0, Outcome(arm, Settings.Seeds[0]).Points.Count)];
        double[] spent = [0, .. points.Select(i => OverSeeds(s => Outcome(arm, s).Points[i].Of(cost)).Value)];
        return (spent, [OverSeeds(s => Outcome(arm, s).Before), .. points.Select(i => OverSeeds(s => Outcome(arm, s).Points[i].HeldOut.Mean))]);
    }
}
