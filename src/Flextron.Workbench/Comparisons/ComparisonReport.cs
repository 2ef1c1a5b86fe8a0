using System.Globalization;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Reports;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.Comparisons;

/// <summary>Writes up a comparison: all arms first, then question by question.</summary>
internal static class ComparisonReport
{
    public static void Write(ExperimentRun run, ComparisonResults results)
    {
        var report = new ReportDocument("Ways to train all sub-networks together") { Subtitle = $"run {run.Name}" };
        report.Text($"**{results.Settings.Question}**");
        Overview(report, results);
        Baseline(report, results);
        foreach (ArmComparison comparison in results.Settings.Comparisons) Comparison(report, results, comparison);
        report.Heading("How this was made").Text(string.Create(CultureInfo.InvariantCulture,
            $"Training took {results.Duration.TotalMinutes:0} minutes in all. Compute counts the matrix products: a trained network's forward pass three times (forward and backward), the teacher's once. Losses are means over {results.Windows} held-out windows, the same for every arm. Intervals are Student's t over seeds (95 %, n − 1 degrees of freedom; differences are paired by seed) and not corrected for the number of comparisons; they say nothing about other text, for which tables/differences.csv has a standard error over windows."));
        report.Table(CorpusPart.Table(results.Corpus)).Settings("Settings", results.Settings);
        report.Write(run.Folder);
        ComparisonTables.Write(run, results);
    }

    private static void Overview(ReportDocument report, ComparisonResults results)
    {
        report.Heading("All arms").Figure(ComparisonFigures.Tradeoff(results), "trade-off", new SvgOptions(PlotHeight: 380));
        report.Table(new ReportTable(
            [new("arm"), new("steps", "0"), new("tokens", "0.000") { Heading = "tokens (M)" }, new("compute", "0.00") { Heading = "compute (TFLOP)" },
             new("whole", "0.000") { Heading = "change of the whole network" }, new("smaller", "0.000") { Heading = "mean loss of smaller budgets" }, new("what it is")],
            results.Settings.Arms.Keys.Select(arm => (IReadOnlyList<object?>)
            [
                arm, results.OverSeeds(s => results.Outcome(arm, s).Steps).Value, results.OverSeeds(s => results.Outcome(arm, s).Tokens / 1e6).Value,
                results.OverSeeds(s => results.Outcome(arm, s).Flops / 1e12).Value,
                results.Has(arm, results.Whole) && !results.Settings.Arms[arm].Fresh ? Cell(results.LossChange(arm, results.Whole)) : null,
                results.Settings.Arms[arm].Only is null ? Cell(results.OverSeeds(s => results.Smaller(arm, s))) : null,
                Description(results.Settings, arm),
            ]),
            $"Held-out loss in nats per token, mean over {ComparisonFigures.Seeds(results)} ± half of the 95 % interval"));
        report.Figure(ComparisonFigures.WholeCost(results), "whole-cost");
    }

    private static void Baseline(ReportDocument report, ComparisonResults results)
    {
        string arm = results.Settings.Baseline;
        report.Heading("Before and after").Figure(ComparisonFigures.Gain(results), "gain");
        report.Table(new ReportTable(
            [new("budget"), new("parameters", "N0"), new("before", "0.000"), new("after", "0.000"), new("change", "0.000"), new("network") { Heading = "groups × neurons per block" }],
            results.Budgets.Select(b => (IReadOnlyList<object?>)
                [b.Label, b.Parameters, results.LossBefore(arm, b).Value, Cell(results.Loss(arm, b)), Cell(results.LossChange(arm, b)), b.Network.ToString()]),
            $"Every budget in the arm \"{arm}\": held-out loss in nats per token, ± half of the 95 % interval over seeds"));
    }

    private static void Comparison(ReportDocument report, ComparisonResults results, ArmComparison comparison)
    {
        IReadOnlyList<MeasuredBudget> budgets = results.Common(comparison.Arms);
        if (budgets.Count == 0) return;
        report.Heading(comparison.Question);
        string first = comparison.Arms[0];
        string[] others = [.. comparison.Arms.Skip(1)];
        if (others.Length > 0) report.Text(string.Join('\n', others.Select(a => $"- {Verdict(results, a, first, budgets)}")));
        if (others.FirstOrDefault(a => results.Settings.Arms[a].Order != results.Settings.Arms[first].Order) is { } reordered
            && budgets.Count(b => b.Share is not null) > 2 && !results.Settings.Arms[first].Fresh && !results.Settings.Arms[reordered].Fresh)
        {
            (string ordered, string random) = results.Settings.Arms[first].Order == PartOrder.Importance ? (first, reordered) : (reordered, first);
            report.Figure(ComparisonFigures.Orders(results, ordered, random), $"{comparison.Name}-before-after");
        }
        else if (budgets.Count(b => b.Share is not null) > 2) report.Figure(ComparisonFigures.Losses(results, comparison), $"{comparison.Name}-loss");
        if (others.Length > 0 && budgets.Count > 2) report.Figure(ComparisonFigures.Differences(results, comparison), $"{comparison.Name}-difference");
        report.Table(new ReportTable(
            [new("budget"), .. comparison.Arms.Select(a => new ReportColumn(a, "0.000")), .. others.Select(a => new ReportColumn($"{a} − {first}", "0.000"))],
            budgets.Select(b => (IReadOnlyList<object?>)[b.Label, .. comparison.Arms.Select(a => Cell(results.Loss(a, b))), .. others.Select(a => Cell(results.Difference(a, first, b)))]),
            "Held-out loss in nats per token, and differences paired by seed, ± half of the 95 % interval over seeds"));
    }

    /// <summary>Says who was better, whoever it is.</summary>
    private static string Verdict(ComparisonResults results, string arm, string first, IReadOnlyList<MeasuredBudget> budgets)
    {
        SummaryValue[] differences = [.. budgets.Select(b => results.Difference(arm, first, b))];
        int better = differences.Count(d => d.High < 0), worse = differences.Count(d => d.Low > 0);
        string text = $"**{arm}** against {first}: lower loss at {better} of {budgets.Count} budgets, higher at {worse}, not distinguishable at {budgets.Count - better - worse}";
        if (results.Settings.Seeds.Count > 1)
        {
            int Everywhere(int sign) => budgets.Count(b => results.Settings.Seeds.All(s => Math.Sign(results.After(arm, s, b).Mean - results.After(first, s, b).Mean) == sign));
            text += $" (lower with every seed at {Everywhere(-1)}, higher with every seed at {Everywhere(1)})";
        }
        if (budgets.Count < results.Budgets.Count) return text + ".";
        return $"{text}; mean of the smaller budgets {Signed(results.OverSeeds(s => results.Smaller(arm, s) - results.Smaller(first, s)))}, whole network {Signed(results.Difference(arm, first, results.Whole))}.";
    }

    private static string Description(JointComparisonSettings settings, string name)
    {
        ArmSettings arm = settings.Arms[name];
        JointTrainingSettings training = ArmPlanner.Training(settings, name, settings.Seeds[0]);
        string what = arm.Only is { } share ? string.Create(CultureInfo.InvariantCulture, $"only the uniform {share:0.###}") : Sampling(training);
        return string.Create(CultureInfo.InvariantCulture,
            $"{what}; distillation {training.DistillationWeight:0.##}, rate {training.LearningRate:0.####}{(arm.Order == PartOrder.Random ? "; random order" : "")}{(arm.Fresh ? "; fresh weights" : "")}{(arm.WholeShare > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {arm.WholeShare:0.##} of the steps the whole network") : "")}{(arm.EqualCompute ? "; equal compute" : "")}");
    }

    private static string Sampling(JointTrainingSettings training)
    {
        string widths = training.UniformShare switch { 0 => "per block", 1 => "uniform", _ => string.Create(CultureInfo.InvariantCulture, $"{training.UniformShare:0.##} uniform") };
        int k = training.NetworksPerStep;
        return training.Strategy switch
        {
            SamplingStrategy.Full => "the whole network",
            SamplingStrategy.OnePerStep => $"1 random ({widths})",
            SamplingStrategy.Random => $"{k} random ({widths})",
            SamplingStrategy.Sandwich => $"largest, smallest, {k - 2} random ({widths})",
            SamplingStrategy.FullBiased => $"largest, {k - 1} random ({widths})",
            _ => training.Strategy.ToString(),
        };
    }

    /// <summary>A mean with half of its interval; without one where there is a single seed.</summary>
    private static object Cell(SummaryValue value) => PlusMinus.Of(value.Value, value.Low, value.High);

    private static string Signed(SummaryValue value) => string.Create(CultureInfo.InvariantCulture,
        $"{value.Value:+0.000;−0.000;0.000}{(value is { Low: { } low, High: { } high } ? string.Create(CultureInfo.InvariantCulture, $" ({low:+0.000;−0.000;0.000} to {high:+0.000;−0.000;0.000})") : "")}");
}
