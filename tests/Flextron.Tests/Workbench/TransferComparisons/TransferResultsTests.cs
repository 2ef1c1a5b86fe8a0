using Flextron.CrossArchitecture;
using Flextron.Training;
using Flextron.Workbench.TransferComparisons;

namespace Flextron.Tests.Workbench.TransferComparisons;

public sealed class TransferResultsTests
{
    [Fact]
    public void TheStepToALossIsReadOffTheLineBetweenMeasurements()
    {
        TransferOutcome outcome = Outcome(6, 4, 3, 3.5, 2);
        Assert.Equal(0, outcome.StepsTo(6));
        Assert.Equal(5, outcome.StepsTo(5)!.Value, 1e-12);
        Assert.Equal(15, outcome.StepsTo(3.5)!.Value, 1e-12);
        Assert.Equal(36, outcome.StepsTo(2.6)!.Value, 1e-12);
        Assert.Null(outcome.StepsTo(1.9));
    }

    [Fact]
    public void DifferencesArePairedAndTheFasterArmIsCompared()
    {
        TransferResults results = Results([1, 2, 3]);
        // Differences −1.0, −1.1, −0.9: mean −1, sd 0.1, t(0.975, 2) = 4.3027.
        double half = 4.302653 * 0.1 / Math.Sqrt(3);
        Assert.Equal(-1, results.Difference("moved", "scratch").Value, 1e-9);
        Assert.Equal(-1 - half, results.Difference("moved", "scratch").Low!.Value, 1e-5);
        // Scratch ends after 40 steps at 3.0, 3.1, 2.9; the other is at 4, 3.5, 3 … after 10, 20, 30 steps.
        Assert.Equal((40 / 30.0 + 40 / 28.0 + 40 / (30 + 10 * 0.1)) / 3, results.Speedup("moved")!.Value, 1e-9);
        Assert.Null(results.Speedup("scratch"));
        Assert.Contains("lower", TransferReport.Verdict(results, "moved"), StringComparison.Ordinal);
    }

    [Fact]
    public void OneSeedDecidesNothing()
    {
        string verdict = TransferReport.Verdict(Results([1]), "moved")!;
        Assert.Contains("−1.000: one seed", verdict, StringComparison.Ordinal);
        Assert.DoesNotContain("distinguish", verdict, StringComparison.Ordinal);
    }

    private static TransferResults Results(long[] seeds)
    {
        TransferComparisonSettings settings = new TransferComparisonSettings
        {
            Seeds = seeds, Training = new JointTrainingSettings { Steps = 40, EvaluateEvery = 10, DistillationWeight = 0 },
            Arms = new Dictionary<string, TransferArm> { ["moved"] = new(), ["scratch"] = new() { FromScratch = true } },
        }.Resolved();
        double[] ends = [3.0, 3.1, 2.9];
        return new TransferResults(settings, Loss(1), seeds.SelectMany((s, i) => new[]
        {
            (("moved", s), Outcome(6, 4, 3.5, 3, 2)), (("scratch", s), Outcome(6, 5.5, 5, 4, ends[i])),
        }).ToDictionary(o => o.Item1, o => o.Item2));
    }

    // Measured every ten steps.
    private static TransferOutcome Outcome(double before, params double[] losses) =>
        new(100, 70, before, [.. losses.Select((_, i) => 10 * (i + 1))], [.. losses.Select(Loss)], [], 1);

    private static LossEstimate Loss(double mean) => new([mean - 0.01, mean + 0.01]);
}
