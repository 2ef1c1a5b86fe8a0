using System.Globalization;
using Flextron.Mixers;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>Writes up a comparison of transfers: every arm, transferred against from scratch, frozen against free, then mixer by mixer.</summary>
internal static class TransferReport
{
    private static readonly TransferCost[] Costs = Enum.GetValues<TransferCost>();

    public static void Write(ExperimentRun run, TransferResults results)
    {
        TransferComparisonSettings settings = results.Settings;
        var report = new ReportDocument("A Transformer's weights in models of linear cost") { Subtitle = $"run {run.Name}" };
        report.Text($"**{settings.Question}**");
        report.Heading("All arms").Table(new ReportTable(
            [new("arm"), new("blocks"), new("transferred", "0 %") { Heading = "weights taken over" }, new("before", "0.000"), new("after", "0.000"), new("flops", "0.00") { Heading = "operations, TFLOP" }, new("seconds", "0")],
            settings.Arms.Keys.Select(arm => Row(results, arm)),
            string.Create(CultureInfo.InvariantCulture,
                $"Held-out loss in nats per token after {settings.Training.Steps} steps of {settings.Training.BatchSize} × {settings.Training.SequenceLength} tokens: means over {settings.Seeds.Count} seeds ± half of the 95 % interval (t); the Transformer itself has {results.Original.Mean:0.000}. Operations are counted: a frozen weight has no gradient, a mixer counts as its recurrence. Seconds are those of the steps, here")));
        Against(report, results, "Transferred against from scratch", settings.Control, "Every arm against the same blocks from scratch");
        Against(report, results, "Frozen first against free", settings.Free, "Every arm with a freeze schedule against the same without");
        foreach (IGrouping<string, string> group in settings.Arms.Keys.GroupBy(a => Blocks(settings.Arms[a])))
        {
            string[] arms = [.. group];
            TransferArm first = settings.Arms[arms[0]];
            string file = first.Mixer.ToString().ToLowerInvariant() + string.Concat(first.Keep.Select(k => FormattableString.Invariant($"-{k}")));
            report.Heading(char.ToUpperInvariant(group.Key[0]) + group.Key[1..]);
            report.Figure(Curves(results, group.Key, arms, TransferCost.Steps), $"{file}-steps").Figure(Curves(results, group.Key, arms, TransferCost.Operations), $"{file}-operations");
            string[] verdicts = [.. arms.SelectMany(a => Verdicts(results, a))];
            if (verdicts.Length > 0) report.Text(string.Join('\n', verdicts.Select(v => $"- {v}")));
        }
        report.Settings("Settings", settings);
        report.Write(run.Folder);
        Tables(run, results);
    }

    private static object?[] Row(TransferResults results, string arm)
    {
        TransferOutcome first = results.Outcome(arm, results.Settings.Seeds[0]);
        return
        [
            arm, Blocks(results.Settings.Arms[arm]), (double)first.Transferred / first.Parameters, Cell(results.OverSeeds(s => results.Outcome(arm, s).Before)), Cell(results.After(arm)),
            results.Spent(arm, TransferCost.Operations).Value / 1e12, Cell(results.Spent(arm, TransferCost.Seconds)),
        ];
    }

    private static string Blocks(TransferArm arm) =>
        MixerPattern.NameOf(arm.Mixer) + (arm.Keep.Length > 0 ? $", attention in {string.Join(", ", arm.Keep)}" : "");

    private static void Against(ReportDocument report, TransferResults results, string heading, Func<string, string?> otherOf, string caption)
    {
        string[] arms = [.. results.Settings.Arms.Keys.Where(a => otherOf(a) is not null)];
        if (arms.Length == 0) return;
        report.Heading(heading).Table(new ReportTable(
            [new("arm"), new("against"), .. Costs.Select(c => new ReportColumn($"difference, {Name(c)}", "0.000") { Heading = $"loss at equal {Name(c)}" }),
             .. Costs.Select(c => new ReportColumn($"speedup, {Name(c)}", "0.0") { Heading = $"times fewer {Name(c)}" }), new("released") { Heading = "released after steps" }],
            arms.Select(arm => (object?[])
            [
                arm, otherOf(arm), .. Costs.Select(c => Cell(results.Difference(arm, otherOf(arm)!, c))), .. Costs.Select(c => results.Speedup(arm, otherOf(arm)!, c) is { } speedup ? Cell(speedup) : null),
                results.Settings.Arms[arm].Freeze is null ? "" : string.Join("; ", results.Settings.Seeds.Select(s => string.Join(", ", results.Outcome(arm, s).Releases))),
            ]),
            $"{caption}, paired by seed: difference of the held-out losses when both have spent what the cheaper does in all, and how many times less is spent until the other's last loss is reached (empty where it is not, with some seed), read off along a line between measurements every {results.Settings.Training.EvaluateEvery} steps, so that more than {results.Settings.Training.Steps / results.Settings.Training.EvaluateEvery:0} times fewer steps is such a line's guess before the first measurement"));
    }

    private static Figure Curves(TransferResults results, string blocks, IReadOnlyList<string> arms, TransferCost cost) => new(
        $"Held-out loss while training, {blocks}", cost == TransferCost.Operations ? new Axis("Operations", "TFLOP") : new Axis("Step"), new Axis("Held-out loss", "nats/token"),
        [.. arms.Select(arm =>
        {
            (double[] spent, SummaryValue[] losses) = results.Curve(arm, cost);
            return new LineSeries(arm, [.. spent.Skip(1).Select(s => cost == TransferCost.Operations ? s / 1e12 : s)], [.. losses.Skip(1).Select(l => l.Value)])
            {
                Lower = [.. losses.Skip(1).Select(l => l.Low ?? l.Value)], Upper = [.. losses.Skip(1).Select(l => l.High ?? l.Value)], Intervals = IntervalMark.Band,
            };
        })])
    {
        Subtitle = $"means over {results.Settings.Seeds.Count} seeds, bands: 95 % intervals",
        ReferenceLines = [new ReferenceLine("the Transformer", results.Original.Mean)],
    };

    // Says who was better, whoever it is.
    internal static IEnumerable<string> Verdicts(TransferResults results, string arm)
    {
        string? Against(string? other, TransferCost cost)
        {
            if (other is null) return null;
            SummaryValue d = results.Difference(arm, other, cost);
            string judged = d.High is null ? "one seed, so chance is not ruled out" : d.High < 0 ? "lower" : d.Low > 0 ? "higher" : "not distinguishable";
            string interval = d is { Low: { } low, High: { } high } ? string.Create(CultureInfo.InvariantCulture, $" ({low:+0.000;−0.000;0.000} to {high:+0.000;−0.000;0.000})") : "";
            return string.Create(CultureInfo.InvariantCulture, $"**{arm}** against {other} at equal {Name(cost)}, paired by seed: {d.Value:+0.000;−0.000;0.000}{interval}: {judged}.");
        }

        return new[] { Against(results.Settings.Control(arm), TransferCost.Operations), Against(results.Settings.Free(arm), TransferCost.Steps), Against(results.Settings.Free(arm), TransferCost.Operations) }.OfType<string>();
    }

    private static string Name(TransferCost cost) => cost.ToString().ToLowerInvariant();

    private static object Cell(SummaryValue value) => PlusMinus.Of(value.Value, value.Low, value.High);

    private static void Tables(ExperimentRun run, TransferResults results)
    {
        TransferComparisonSettings settings = results.Settings;
        double? To(string arm, long seed, TransferCost cost) => settings.Control(arm) is { } control ? results.Outcome(arm, seed).SpentTo(results.Outcome(control, seed).After, cost) : null;
        run.WriteTable("arms", ["arm", "seed", "parameters", "transferred", "before", "after", "after_se_windows", "flops", "seconds", .. Costs.Select(c => $"{Name(c)}_to_scratch"), "releases"],
            from arm in settings.Arms.Keys from seed in settings.Seeds let o = results.Outcome(arm, seed)
            select (IReadOnlyList<object?>)
            [
                arm, seed, o.Parameters, o.Transferred, o.Before, o.After, o.End.HeldOut.StandardError, o.End.Flops, o.End.Seconds, .. Costs.Select(c => (object?)To(arm, seed, c)), string.Join(' ', o.Releases),
            ]);
        run.WriteTable("curves", ["arm", "seed", "step", "flops", "seconds", "held_out"],
            from arm in settings.Arms.Keys from seed in settings.Seeds from p in results.Outcome(arm, seed).Points
            select (IReadOnlyList<object?>)[arm, seed, p.Step, p.Flops, p.Seconds, p.HeldOut.Mean]);
        run.Summarize("original", results.Original.Mean);
        foreach (string arm in settings.Arms.Keys)
        {
            run.Summarize($"after.{arm}", results.After(arm));
            foreach ((string name, string? other) in new[] { ("Scratch", settings.Control(arm)), ("Free", settings.Free(arm)) })
            {
                if (other is null) continue;
                foreach (TransferCost cost in Costs)
                {
                    run.Summarize($"against{name}.{Name(cost)}.{arm}", results.Difference(arm, other, cost));
                    if (results.Speedup(arm, other, cost) is { } speedup) run.Summarize($"speedup{name}.{Name(cost)}.{arm}", speedup);
                }
            }
        }
        string seconds = Name(TransferCost.Seconds);
        run.MarkMeasured("tables/arms.seconds", "tables/arms.seconds_to_scratch", "tables/curves.seconds", $"againstScratch.{seconds}*", $"againstFree.{seconds}*", $"speedupScratch.{seconds}*", $"speedupFree.{seconds}*");
    }
}
