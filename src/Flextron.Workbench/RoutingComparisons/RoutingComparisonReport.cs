using System.Globalization;
using Flextron.Latency;
using Flextron.Routing;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Reports;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>Writes up a comparison of ways to choose sub-networks: who won comes from the numbers, whoever it is.</summary>
internal static class RoutingComparisonReport
{
    private static readonly CultureInfo C = CultureInfo.InvariantCulture;

    public static void Write(ExperimentRun run, RoutingComparisonResults results)
    {
        var report = new ReportDocument("Choosing sub-networks: routers, controls, and choosing per token")
        {
            Subtitle = $"run {run.Name}; {results.Table.Key.DeviceName}; seeds {string.Join(", ", results.Seeds)}",
        };
        report.Text($"**{results.Settings.Question}**");
        Controls(report, results);
        Methods(report, results);
        Dynamic(report, results);
        Budgets(report, results);
        LatencySection.Write(report, results.Table);
        report.Heading("How this was made").Text(string.Create(C,
            $"The family was trained once ({results.Settings.Training.Steps} joint steps); routers, {results.Settings.Route.Joint.Training.Steps} joint steps of LM and routers, controls and dynamic routers were made once for each seed. Intervals are over seeds and say nothing about other families. Computing took {results.Duration.TotalSeconds:0} s in all."));
        report.Table(CorpusPart.Table(results.Corpus)).Settings("Settings", results.Settings);
        report.Write(run.Folder);
        RoutingComparisonTables.Write(run, results);
    }

    private static void Controls(ReportDocument report, RoutingComparisonResults results)
    {
        report.Heading("The static router against controls").Figure(RoutingComparisonFigures.LossAgainstLatency(results), "loss-latency").Figure(RoutingComparisonFigures.AccuracyAgainstLatency(results), "accuracy-latency");
        report.Text(string.Join(' ', ChosenNetwork.Controls.Select(c => Verdict($"Against {c}, the router", results.Against(c), Distinct(results, c)))) + string.Create(C,
            $" Losses are compared at the router's own measured latency, with the control's curve interpolated there; windows are paired. The uniform control is, of all pairs of widths that use up the target, the best on the calibration text; evolutionary search measured {results.Choices.Average(c => c.EvolutionEvaluations):0} networks a seed; router and knapsack know {results.Choices[0].Selections[0].Network.Blocks.Length} blocks' measured sensitivities, by which {results.Choices.Average(c => c.Repaired):0.#} of {results.Settings.Targets} router answers were adjusted to their target, and {results.Choices.Average(c => c.Overruled):0.#} gave way to another measured network (the router's at a neighbouring target, or a uniform one) that windows apart from the router's and from those reported spoke for."));
        report.Figure(RoutingComparisonFigures.Differences(results), "router-differences");
        report.Table(new ReportTable(
            [new("target", "0.00") { Heading = "target (ms)" }, new("router", "0.000"), .. ChosenNetwork.Controls.Select(c => new ReportColumn(c, "+0.000;-0.000;0.000") { Heading = $"− {c}" })],
            results.TargetsMs.Select((ms, t) => (IReadOnlyList<object?>)[ms, Value(RoutingComparisonResults.OverSeeds([.. results.Choices.Select((_, s) => results.Of(s, ChosenNetwork.Router)[t].Loss)])),
                .. ChosenNetwork.Controls.Select(c => (object?)Value(RoutingComparisonResults.OverSeeds(results.Against(c)[t])))]),
            "The router's held-out loss, and its loss minus each control's at equal measured latency (negative: the router is better), ± half of the 95 % interval."));
        report.Figure(RoutingComparisonFigures.Widths(results, attention: false), "neurons-per-target").Figure(RoutingComparisonFigures.Widths(results, attention: true), "heads-per-target");
    }

    private static void Methods(ReportDocument report, RoutingComparisonResults results)
    {
        report.Heading("Ways to train static routers").Figure(RoutingComparisonFigures.Methods(results), "methods");
        report.Table(new ReportTable(
            [new("method"), new("operations", "0.0") { Heading = "LM operations (10¹² FLOP)" }, new("seconds", "0.0"), new("loss", "0.000") { Heading = "mean loss over inner targets" }, new("rank", "0.000") { Heading = "surrogate's rank correlation" }, new("error", "0.00%") { Heading = "its relative error" }],
            results.Settings.Methods.Select(method =>
            {
                RouterOutcome[] all = [.. results.Routers.Select(r => r.Single(o => o.Method == method))];
                return (IReadOnlyList<object?>)[RoutingComparisonFigures.Words(method), all.Average(o => o.LmOperations) / 1e12, all.Average(o => o.Seconds),
                    Value(RoutingComparisonResults.OverSeeds(all.Select(Inner).ToArray())), all[0].Surrogate is null ? null : all.Average(o => o.Surrogate!.Spearman), all[0].Surrogate is null ? null : all.Average(o => o.Surrogate!.RelativeError)];
            }), "The same family, text and table; end-to-end steps are counted as forward passes and gradients of activations. The surrogate is judged on networks that neither fitted it nor chose its stopping point."));
        foreach (RoutingMethod method in results.Settings.Methods.Where(m => m != RoutingMethod.Surrogate))
        {
            SummaryValue difference = RoutingComparisonResults.OverSeeds(results.Routers.Select(r => Inner(r.Single(o => o.Method == RoutingMethod.Surrogate)) - Inner(r.Single(o => o.Method == method))).ToArray());
            report.Text($"Over inner targets the surrogate's routers lose {Signed(difference)} nats against {RoutingComparisonFigures.Words(method)} ({Judged(difference, "the surrogate is better", "the surrogate is worse")}).");
        }
    }

    private static void Dynamic(ReportDocument report, RoutingComparisonResults results)
    {
        report.Heading("Dynamic against static routing").Figure(RoutingComparisonFigures.DynamicDifferences(results), "dynamic-differences");
        double worst = results.Dynamic.Max(s => s.Max(d => d.Points.Max(p => p.WorstRatio)));
        int sequences = results.Dynamic.Sum(s => s.Sum(d => d.Points.Sum(p => p.Sequences)));
        report.Text(string.Join(' ', results.Arms.Select(arm =>
        {
            (LossEstimate[][] counted, LossEstimate[][] realised) = results.DynamicAgainstStatic(arm);
            bool[] inner = [.. Enumerable.Range(0, results.Settings.Targets).Select(t => t > 0 && t < results.Settings.Targets - 1)];
            return $"{Verdict($"At equal counted cost, dynamic routing ({arm.Words})", counted, inner)} {Verdict("At equal realised latency it", realised, inner)}";
        })) + string.Create(C,
            $" The budget: over {sequences} sequences the greatest running mean, after any token under the controller and at the end of what was given to capacities, was {worst:0.0000} of the target{(worst <= 1 + 1e-6 ? ", so the promise of + 0 % was kept on all of them" : ": **the promise was broken**")}. Under the controller scores are causal: no token's choices depend on later ones. Capacities look at a whole window before they give its tokens their widths, as with a prompt: their losses are **no language model's score** and stand beside the others to show what looking ahead is worth. Reading the whole network's text in the same session took {results.Timings.DynamicReferenceMs.Median:0.00} ms."));
        if (results.Settings.DynamicJoint.Training.Steps > 0)
        {
            report.Text($"“LM trained so”: from the same family as the static routers', the LM took {results.Settings.DynamicJoint.Training.Steps} joint steps with its tokens routed (static routers' family: {results.Settings.Route.Joint.Training.Steps} with networks drawn), and the routers were taught again.");
        }
        report.Table(new ReportTable(
            [new("routing"), new("target", "0.00") { Heading = "target (ms)" }, new("counted", "0.00") { Heading = "counted (ms)" }, new("realised", "0.00") { Heading = "realised (ms)" }, new("loss", "0.000"),
             new("counted difference", "+0.000;-0.000;0.000") { Heading = "− static, equal counted" }, new("realised difference", "+0.000;-0.000;0.000") { Heading = "− static, equal realised" }],
            results.Arms.SelectMany(arm =>
            {
                (LossEstimate[][] counted, LossEstimate[][] realised) = results.DynamicAgainstStatic(arm);
                return Enumerable.Range(0, results.Settings.Targets).Select(t =>
                {
                    DynamicPoint[] points = [.. results.Dynamic.Select(s => s.Single(d => d.Arm == arm).Points[t])];
                    return (IReadOnlyList<object?>)[arm.Words, points[0].TargetMs, points.Average(p => p.MeanCostMs), Enumerable.Range(0, results.Seeds.Count).Average(s => results.RealisedMs(s, arm, points[s].Share)),
                        Value(RoutingComparisonResults.OverSeeds([.. points.Select(p => p.Loss)])), Value(RoutingComparisonResults.OverSeeds(counted[t])), Value(RoutingComparisonResults.OverSeeds(realised[t]))];
                });
            }), "Counted: as if every token were charged the table's cost of its choices. Realised: wall-clock, grouping tokens included. ± half of the 95 % interval."));
        foreach (DynamicOutcome outcome in results.Dynamic[0])
        {
            report.Text(
                new ColouredText(outcome.Sample.Tokens, outcome.Sample.Shares, "counted cost, from the smallest network's (0) to the whole one's (1)") { Minimum = 0, Maximum = 1 },
                $"where-compute-goes-{outcome.Arm.Name}",
                string.Create(C, $"Dynamic routing ({outcome.Arm.Words}) on held-out text at a target of {outcome.Sample.TargetMs:0.00} ms, seed {results.Seeds[0]}: the darker a token, the more of the network it went through."));
        }
    }

    private static void Budgets(ReportDocument report, RoutingComparisonResults results)
    {
        (int all, int kept, int over, int near) = RoutingComparisonTables.Targets(results);
        report.Heading("Are targets kept?").Figure(RoutingComparisonFigures.RandomTargets(results), "random-targets").Text(string.Create(C,
            $"Of {all} random targets ({results.Settings.RandomTargets} a seed) {kept} selections are within their target by the table. Measured end to end, {over} ({over / (double)all:0.0%}) take at most 5 % more than the target, and {near} ({near / (double)all:0.0%}) lie within 5 % of it on either side. Latencies are relative to the whole network, run in between throughout: the machine ran at {results.Timings.Slowdown:0.00} times the table's time."));
    }

    private static bool[] Distinct(RoutingComparisonResults results, string control) => [.. Enumerable.Range(0, results.Settings.Targets).Select(t =>
        Enumerable.Range(0, results.Seeds.Count).Any(s => !results.Of(s, ChosenNetwork.Router)[t].Network.Equals(results.Of(s, control)[t].Network)))];

    private static string Verdict(string subject, LossEstimate[][] differences, bool[] counts)
    {
        SummaryValue[] judged = [.. differences.Where((_, t) => counts[t]).Select(RoutingComparisonResults.OverSeeds)];
        if (judged.Length == 0) return $"{subject} chooses the same at every target.";
        int better = judged.Count(d => d.High < 0), worse = judged.Count(d => d.Low > 0), lower = judged.Count(d => d.Value < 0), higher = judged.Count(d => d.Value > 0);
        return string.Create(C, $"{subject} has the lower mean loss at {lower} of {judged.Length} targets ({better} beyond the 95 % interval), the higher one at {higher} ({worse} beyond it); on average {judged.Average(d => d.Value):+0.0000;-0.0000} nats.");
    }

    private static string Judged(SummaryValue value, string below, string above) => value.High < 0 ? below : value.Low > 0 ? above : "not distinguishable";

    private static string Signed(SummaryValue value) => value.Low is { } low && value.High is { } high
        ? string.Create(C, $"{value.Value:+0.0000;-0.0000} (95 %: {low:+0.0000;-0.0000} to {high:+0.0000;-0.0000})") : string.Create(C, $"{value.Value:+0.0000;-0.0000}");

    private static PlusMinus Value(SummaryValue value) => new(value.Value, value.High is { } high ? high - value.Value : double.NaN);

    private static double Inner(RouterOutcome outcome) => outcome.Points.Skip(1).SkipLast(1).Average(p => p.Loss.Mean);
}
