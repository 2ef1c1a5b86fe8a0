using Flextron.Models;
using Flextron.Training;
using Flextron.Workbench.Comparisons;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Comparisons;

public sealed class ComparisonResultsTests
{
    // Student's t, 97.5 %, two degrees of freedom.
    private const double T2 = 4.302652729911275;

    private static readonly MeasuredBudget Half = new("0.5", 0.5, new SubNetwork([new BlockShape(1, 4)]), 10), Whole = new("1", 1, new SubNetwork([new BlockShape(2, 8)]), 20);

    private static ComparisonResults Results()
    {
        static LossEstimate Windows(double mean) => new([mean - 0.1, mean + 0.1]);
        static ArmOutcome Outcome(double half, double whole) => new(1, 1, 1, 1, new Dictionary<string, LossEstimate> { ["0.5"] = Windows(half), ["1"] = Windows(whole) });
        return new ComparisonResults(
            new JointComparisonSettings { Seeds = [1, 2, 3], Baseline = "a", Arms = new Dictionary<string, ArmSettings> { ["a"] = new(), ["b"] = new() { Order = PartOrder.Random } } },
            [], [Half, Whole],
            new Dictionary<string, IReadOnlyDictionary<string, LossEstimate>>
            {
                ["importance"] = Outcome(5, 2).After, ["random-1"] = Outcome(6, 2).After, ["random-2"] = Outcome(7, 2).After, ["random-3"] = Outcome(8, 2).After,
            },
            new Dictionary<(string, long), ArmOutcome>
            {
                [("a", 1)] = Outcome(4.0, 2.1), [("a", 2)] = Outcome(4.2, 2.1), [("a", 3)] = Outcome(4.4, 2.1),
                [("b", 1)] = Outcome(4.5, 2.2), [("b", 2)] = Outcome(4.8, 2.2), [("b", 3)] = Outcome(4.8, 2.2),
            });
    }

    [Fact]
    public void MeansHaveTIntervalsOverSeeds()
    {
        SummaryValue loss = Results().Loss("a", Half);
        Assert.Equal(4.2, loss.Value, 1e-12);
        Assert.Equal(4.2 - T2 * 0.2 / Math.Sqrt(3), loss.Low!.Value, 1e-9);
        Assert.Equal(3, loss.N);
    }

    [Fact]
    public void DifferencesArePairedBySeed()
    {
        // 0.5, 0.6, 0.4: mean 0.5, deviation 0.1.
        SummaryValue difference = Results().Difference("b", "a", Half);
        Assert.Equal(0.5, difference.Value, 1e-12);
        Assert.Equal(0.5 + T2 * 0.1 / Math.Sqrt(3), difference.High!.Value, 1e-9);
    }

    [Fact]
    public void ChangesStartFromTheArmsOwnOrder()
    {
        ComparisonResults results = Results();
        Assert.Equal(4.2 - 5, results.LossChange("a", Half).Value, 1e-12);
        Assert.Equal(((4.5 - 6) + (4.8 - 7) + (4.8 - 8)) / 3, results.LossChange("b", Half).Value, 1e-12);
        Assert.Equal(7, results.LossBefore("b", Half).Value, 1e-12);
        Assert.Equal(0.1, results.LossChange("a", results.Whole).Value, 1e-12);
    }

    [Fact]
    public void TheErrorOverWindowsIsThatOfThePairedDifference()
    {
        // All arms differ from window to window by the same amount, so nothing of it is left in the difference.
        Assert.Equal(0, Results().WindowError("b", "a", Half), 1e-12);
        Assert.Equal(4.2, Results().Smaller("a", 2), 1e-12);
    }
}
