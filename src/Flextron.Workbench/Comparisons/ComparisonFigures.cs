using System.Globalization;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Comparisons;

/// <summary>The figures of a comparison, each from its results alone.</summary>
internal static class ComparisonFigures
{
    private static readonly Axis Width = new("Width of every block as a share (heads rounded to whole groups)");
    private static readonly Axis LossAxis = new("Held-out loss", "nats/token");

    /// <summary>What each arm costs the whole network and brings the smaller ones.</summary>
    public static Figure Tradeoff(ComparisonResults results)
    {
        // Another order, or no small network trained at all, lies so far off that all other arms would be one spot.
        PartOrder order = results.Settings.Arms[results.Settings.Baseline].Order;
        string[] arms = [.. results.FamilyArms.Where(a => results.Settings.Arms[a] is { Fresh: false } arm && arm.Order == order
            && (a == results.Settings.Baseline || ArmPlanner.Training(results.Settings, a, results.Settings.Seeds[0]).Strategy != SamplingStrategy.Full))];
        SummaryValue[] smaller = [.. arms.Select(a => results.OverSeeds(s => results.Smaller(a, s)))], whole = [.. arms.Select(a => results.LossChange(a, results.Whole))];
        return new Figure("The whole network's cost against the smaller ones' loss",
            new Axis("Mean held-out loss of all smaller budgets", "nats/token"), new Axis("Change of the whole network's loss", "nats/token"),
            [new ScatterSeries("arms", [.. smaller.Select(v => v.Value)], [.. whole.Select(v => v.Value)])
            {
                PointNames = arms, NamesShown = true, Left = Low(smaller), Right = High(smaller), Lower = Low(whole), Upper = High(whole),
            }])
        {
            Subtitle = $"means over {Seeds(results)}; {Intervals(results, "lines")}; lower and further left is better",
            ReferenceLines = [new ReferenceLine("the original whole network", 0)],
        };
    }

    /// <summary>What each arm costs the whole network.</summary>
    public static Figure WholeCost(ComparisonResults results)
    {
        string[] arms = [.. results.FamilyArms.Where(a => !results.Settings.Arms[a].Fresh)];
        SummaryValue[] changes = [.. arms.Select(a => results.LossChange(a, results.Whole))];
        return new Figure("What training costs the whole network", new Axis("Arm") { Categories = arms }, new Axis("Change of its held-out loss", "nats/token"),
            [new BarSeries("change", [.. changes.Select(c => c.Value)]) { Lower = Low(changes), Upper = High(changes) }])
        {
            Subtitle = $"after − before, {Seeds(results)}; {Intervals(results, "bars")}",
        };
    }

    /// <summary>Before and after training in the baseline.</summary>
    public static Figure Gain(ComparisonResults results)
    {
        string arm = results.Settings.Baseline;
        IReadOnlyList<MeasuredBudget> budgets = results.Budgets;
        SummaryValue[] changes = [.. budgets.Select(b => results.LossChange(arm, b))];
        return new Figure($"What joint training ({arm}) changes at every budget", Categories(budgets), new Axis("Change of held-out loss", "nats/token"),
            [new BarSeries("change", [.. changes.Select(c => c.Value)]) { Lower = Low(changes), Upper = High(changes) }])
        {
            Subtitle = $"after − before, {Seeds(results)}; {Intervals(results, "bars")}",
        };
    }

    /// <summary>Losses against width, one line per arm.</summary>
    public static Figure Losses(ComparisonResults results, ArmComparison comparison)
    {
        MeasuredBudget[] budgets = [.. results.Common(comparison.Arms).Where(b => b.Share is not null)];
        return new Figure($"{comparison.Question}: loss", Width, LossAxis, [.. comparison.Arms.Select(a => Line(a, budgets, b => results.Loss(a, b)))])
        {
            Subtitle = $"{Seeds(results)}; {Intervals(results, "bands")}",
        };
    }

    /// <summary>Differences from the comparison's first arm at every budget.</summary>
    public static Figure Differences(ComparisonResults results, ArmComparison comparison)
    {
        IReadOnlyList<MeasuredBudget> budgets = results.Common(comparison.Arms);
        // A gap between the uniform widths and the mixed ones, which have no place on the same scale.
        int uniform = budgets.Count(b => b.Share is not null);
        double[] x = [.. Enumerable.Range(0, budgets.Count).Select(i => (double)i)];
        LineSeries Of(string arm)
        {
            SummaryValue[] values = [.. budgets.Select(b => results.Difference(arm, comparison.Arms[0], b))];
            double[] Cut(IEnumerable<double> numbers) => [.. numbers.Take(uniform), double.NaN, .. numbers.Skip(uniform)];
            return new LineSeries(arm, [.. x.Take(uniform), Math.Max(0, uniform - 1), .. x.Skip(uniform)], Cut(values.Select(v => v.Value)))
            {
                Lower = Cut(Low(values)), Upper = Cut(High(values)), Intervals = IntervalMark.ErrorBars,
            };
        }

        // A single line has no legend: the title names it.
        string others = comparison.Arms.Count == 2 ? $"{comparison.Arms[1]} minus" : "difference from";
        return new Figure($"{comparison.Question}: {others} {comparison.Arms[0]}", Categories(budgets), new Axis("Difference in held-out loss", "nats/token"), [.. comparison.Arms.Skip(1).Select(Of)])
        {
            Subtitle = $"below 0: better than {comparison.Arms[0]}; {Seeds(results)}, paired; {Intervals(results, "bars")}",
            ReferenceLines = [new ReferenceLine(comparison.Arms[0], 0)],
        };
    }

    /// <summary>Prefixes by importance and at random, before and after equal training.</summary>
    public static Figure Orders(ComparisonResults results, string ordered, string random)
    {
        MeasuredBudget[] budgets = [.. results.Budgets.Where(b => b.Share is not null)];
        return new Figure("Prefixes by importance and in random order", Width, LossAxis,
        [
            Range("by importance, before", (s, b) => results.Before(ordered, s, b)!.Mean),
            Range("random, before", (s, b) => results.Before(random, s, b)!.Mean),
            Range("by importance, after", (s, b) => results.After(ordered, s, b).Mean),
            Range("random, after", (s, b) => results.After(random, s, b).Mean),
        ])
        {
            Subtitle = $"before and after equal training; {Seeds(results)}, each with a random order of its own; bands: smallest to largest of the seeds",
        };

        LineSeries Range(string name, Func<long, MeasuredBudget, double> loss)
        {
            double[][] values = [.. budgets.Select(b => results.Settings.Seeds.Select(s => loss(s, b)).ToArray())];
            return new LineSeries(name, [.. budgets.Select(b => b.Share!.Value)], [.. values.Select(v => v.Average())]) { Lower = [.. values.Select(v => v.Min())], Upper = [.. values.Select(v => v.Max())] };
        }
    }

    public static string Seeds(ComparisonResults results) => results.Settings.Seeds.Count == 1 ? "1 seed" : $"{results.Settings.Seeds.Count} seeds";

    private static string Intervals(ComparisonResults results, string what) => results.Settings.Seeds.Count == 1 ? "no intervals" : $"{what}: 95 % over seeds";

    private static Axis Categories(IReadOnlyList<MeasuredBudget> budgets) => new(budgets.All(b => b.Share is not null) ? "Budget: share of every block" : "Budget: share of every block; mixed: random widths per block")
    {
        Categories = [.. budgets.Select(b => b.Share?.ToString("0.###", CultureInfo.InvariantCulture) ?? b.Label)],
    };

    private static LineSeries Line(string name, IReadOnlyList<MeasuredBudget> budgets, Func<MeasuredBudget, SummaryValue> value)
    {
        SummaryValue[] values = [.. budgets.Select(value)];
        return new LineSeries(name, [.. budgets.Select(b => b.Share!.Value)], [.. values.Select(v => v.Value)]) { Lower = Low(values), Upper = High(values) };
    }

    private static double[] Low(IEnumerable<SummaryValue> values) => [.. values.Select(v => v.Low ?? double.NaN)];

    private static double[] High(IEnumerable<SummaryValue> values) => [.. values.Select(v => v.High ?? double.NaN)];
}
