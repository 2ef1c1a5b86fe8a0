using Flextron.CrossArchitecture;
using Flextron.Training;
using Flextron.Workbench.TransferComparisons;

namespace Flextron.Tests.Workbench.TransferComparisons;

public sealed class TransferResultsTests
{
    [Fact]
    public void WhatALossCostsIsReadOffTheLineBetweenMeasurementsAndBack()
    {
        TransferOutcome outcome = Outcome(6, 2, 4, 3, 3.5, 2);
        Assert.Equal(0, outcome.SpentTo(6, TransferCost.Steps));
        Assert.Equal(5, outcome.SpentTo(5, TransferCost.Steps)!.Value, 1e-12);
        Assert.Equal(15, outcome.SpentTo(3.5, TransferCost.Steps)!.Value, 1e-12);
        Assert.Equal(36, outcome.SpentTo(2.6, TransferCost.Steps)!.Value, 1e-12);
        Assert.Equal(2 * 36, outcome.SpentTo(2.6, TransferCost.Operations)!.Value, 1e-12);
        Assert.Equal(36 / 4.0, outcome.SpentTo(2.6, TransferCost.Seconds)!.Value, 1e-12);
        Assert.Null(outcome.SpentTo(1.9, TransferCost.Steps));
        Assert.Equal(6, outcome.LossAt(0, TransferCost.Steps), 1e-12);
        Assert.Equal(2.6, outcome.LossAt(72, TransferCost.Operations), 1e-12);
        Assert.Equal(2, outcome.LossAt(90, TransferCost.Operations), 1e-12);
    }

    [Fact]
    public void DifferencesArePairedAndTheFasterArmIsCompared()
    {
        TransferResults results = Results([1, 2, 3]);
        // Differences −1.0, −1.1, −0.9: mean −1, sd 0.1, t(0.975, 2) = 4.3027.
        double half = 4.302653 * 0.1 / Math.Sqrt(3);
        Assert.Equal(-1, results.Difference("moved", "scratch", TransferCost.Steps).Value, 1e-9);
        Assert.Equal(-1 - half, results.Difference("moved", "scratch", TransferCost.Steps).Low!.Value, 1e-5);
        // Scratch ends after 40 steps at 3.0, 3.1, 2.9; the other is at 4, 3.5, 3 … after 10, 20, 30 steps.
        Assert.Equal((40 / 30.0 + 40 / 28.0 + 40 / (30 + 10 * 0.1)) / 3, results.Speedup("moved", "scratch", TransferCost.Steps)!.Value, 1e-9);
        Assert.Null(results.Speedup("scratch", "moved", TransferCost.Steps));
        Assert.Contains("lower", TransferReport.Verdicts(results, "moved").First(), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatAFrozenStepSavesCountsAtEqualOperations()
    {
        TransferResults results = Results([1, 2, 3]);
        // At equal steps frozen ends at 2.5 where free ends at 2; a step costs half as much, so that free is then only at 20 steps, where it has 3.5.
        Assert.Equal(0.5, results.Difference("frozen", "moved", TransferCost.Steps).Value, 1e-12);
        Assert.Equal(-1, results.Difference("frozen", "moved", TransferCost.Operations).Value, 1e-12);
        string[] verdicts = [.. TransferReport.Verdicts(results, "frozen")];
        Assert.Contains(verdicts, v => v.StartsWith("**frozen** against moved at equal steps, paired by seed: +0.500", StringComparison.Ordinal) && v.EndsWith("higher.", StringComparison.Ordinal));
        Assert.Contains(verdicts, v => v.StartsWith("**frozen** against moved at equal operations, paired by seed: −1.000", StringComparison.Ordinal) && v.EndsWith("lower.", StringComparison.Ordinal));
    }

    [Fact]
    public void OneSeedDecidesNothing()
    {
        string verdict = TransferReport.Verdicts(Results([1]), "moved").First();
        Assert.Contains("−1.000: one seed", verdict, StringComparison.Ordinal);
        Assert.DoesNotContain("distinguish", verdict, StringComparison.Ordinal);
    }

    private static TransferResults Results(long[] seeds)
    {
        TransferComparisonSettings settings = new TransferComparisonSettings
        {
            Seeds = seeds, Training = new JointTrainingSettings { Steps = 40, EvaluateEvery = 10, DistillationWeight = 0 },
            Arms = new Dictionary<string, TransferArm>
            {
                ["moved"] = new() { Keep = [0] }, ["scratch"] = new() { Keep = [0], FromScratch = true }, ["frozen"] = new() { Keep = [0], Freeze = new FreezeSettings() },
            },
        }.Resolved();
        double[] ends = [3.0, 3.1, 2.9];
        return new TransferResults(settings, Loss(1), seeds.SelectMany((s, i) => new[]
        {
            (("moved", s), Outcome(6, 1, 4, 3.5, 3, 2)), (("scratch", s), Outcome(6, 1, 5.5, 5, 4, ends[i])), (("frozen", s), Outcome(6, 0.5, 4, 3.5, 3, 2.5)),
        }).ToDictionary(o => o.Item1, o => o.Item2));
    }

    // Measured every ten steps of so many operations; four steps take a second.
    private static TransferOutcome Outcome(double before, double flops, params double[] losses) =>
        new(100, 70, before, [.. losses.Select((loss, i) => new TransferPoint(10 * (i + 1), flops * 10 * (i + 1), 10 * (i + 1) / 4.0, Loss(loss)))], []);

    private static LossEstimate Loss(double mean) => new([mean - 0.01, mean + 0.01]);
}
