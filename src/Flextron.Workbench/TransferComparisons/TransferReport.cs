using System.Globalization;
using Flextron.Mixers;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>Writes up a comparison of transfers: every arm, then mixer by mixer.</summary>
internal static class TransferReport
{
    public static void Write(ExperimentRun run, TransferResults results)
    {
        TransferComparisonSettings settings = results.Settings;
        var report = new ReportDocument("A Transformer's weights in models of linear cost") { Subtitle = $"run {run.Name}" };
        report.Text($"**{settings.Question}**");
        report.Heading("All arms").Table(new ReportTable(
            [new("arm"), new("blocks"), new("transferred", "0 %") { Heading = "weights taken over" }, new("before", "0.000"), new("after", "0.000"),
             new("difference", "0.000") { Heading = "against scratch" }, new("speedup", "0.0") { Heading = "times fewer steps to scratch's last loss" }, new("released") { Heading = "released after steps" }],
            settings.Arms.Keys.Select(arm => Row(results, arm)),
            string.Create(CultureInfo.InvariantCulture,
                $"Held-out loss in nats per token after {settings.Training.Steps} steps of {settings.Training.BatchSize} × {settings.Training.SequenceLength} tokens: means over {settings.Seeds.Count} seeds ± half of the 95 % interval (t); the Transformer itself has {results.Original.Mean:0.000}")));
        foreach (IGrouping<MixerKind, KeyValuePair<string, TransferArm>> group in settings.Arms.GroupBy(a => a.Value.Mixer))
        {
            string name = MixerPattern.NameOf(group.Key);
            report.Heading(char.ToUpperInvariant(name[0]) + name[1..]).Figure(Curves(results, name, [.. group.Select(a => a.Key)]), $"{group.First().Key}-curves");
            string[] verdicts = [.. group.Select(a => Verdict(results, a.Key)).OfType<string>()];
            if (verdicts.Length > 0) report.Text(string.Join('\n', verdicts.Select(v => $"- {v}")));
        }
        report.Settings("Settings", settings);
        report.Write(run.Folder);
        Tables(run, results);
    }

    private static object?[] Row(TransferResults results, string arm)
    {
        TransferOutcome first = results.Outcome(arm, results.Settings.Seeds[0]);
        TransferArm how = results.Settings.Arms[arm];
        string? control = results.Settings.Control(arm);
        string blocks = MixerPattern.NameOf(how.Mixer) + (how.Keep.Length > 0 ? $", attention in {string.Join(", ", how.Keep)}" : "");
        return
        [
            arm, blocks, (double)first.Transferred / first.Parameters, Cell(results.OverSeeds(s => results.Outcome(arm, s).Before)), Cell(results.After(arm)),
            control is null ? null : Cell(results.Difference(arm, control)), results.Speedup(arm) is { } speedup ? Cell(speedup) : null,
            how.Freeze is null ? "" : string.Join("; ", results.Settings.Seeds.Select(s => string.Join(", ", results.Outcome(arm, s).Releases))),
        ];
    }

    private static Figure Curves(TransferResults results, string mixer, IReadOnlyList<string> arms) => new(
        $"Held-out loss while training, {mixer}", new Axis("Step"), new Axis("Held-out loss", "nats/token"),
        [.. arms.Select(arm =>
        {
            (double[] steps, SummaryValue[] losses) = results.Curve(arm);
            return new LineSeries(arm, steps[1..], [.. losses.Skip(1).Select(l => l.Value)])
            {
                Lower = [.. losses.Skip(1).Select(l => l.Low ?? l.Value)], Upper = [.. losses.Skip(1).Select(l => l.High ?? l.Value)], Intervals = IntervalMark.Band,
            };
        })])
    {
        Subtitle = $"means over {results.Settings.Seeds.Count} seeds, bands: 95 % intervals",
        ReferenceLines = [new ReferenceLine("the Transformer", results.Original.Mean)],
    };

    // Says who was better, whoever it is.
    internal static string? Verdict(TransferResults results, string arm)
    {
        TransferArm how = results.Settings.Arms[arm];
        string? other = how.FromScratch ? null : how.Freeze is null ? results.Settings.Control(arm)
            : results.Settings.Arms.FirstOrDefault(a => !a.Value.FromScratch && a.Value.Freeze is null && Same(a.Value, how)).Key ?? results.Settings.Control(arm);
        if (other is null) return null;
        SummaryValue d = results.Difference(arm, other);
        string judged = d.High is null ? "one seed, so chance is not ruled out" : d.High < 0 ? "lower" : d.Low > 0 ? "higher" : "not distinguishable";
        string interval = d is { Low: { } low, High: { } high } ? string.Create(CultureInfo.InvariantCulture, $" ({low:+0.000;−0.000;0.000} to {high:+0.000;−0.000;0.000})") : "";
        return string.Create(CultureInfo.InvariantCulture, $"**{arm}** against {other}, paired by seed: {d.Value:+0.000;−0.000;0.000}{interval}: {judged}.");
    }

    private static bool Same(TransferArm a, TransferArm b) =>
        a.Mixer == b.Mixer && a.Keep.SequenceEqual(b.Keep) && a.CarryProjections == b.CarryProjections && a.LearningRate == b.LearningRate;

    private static object Cell(SummaryValue value) => value is { Low: { } low, High: { } high } ? new PlusMinus(value.Value, (high - low) / 2) : value.Value;

    private static void Tables(ExperimentRun run, TransferResults results)
    {
        TransferComparisonSettings settings = results.Settings;
        run.WriteTable("arms", ["arm", "seed", "parameters", "transferred", "before", "after", "after_se_windows", "steps_to_scratch", "releases", "seconds"],
            from arm in settings.Arms.Keys from seed in settings.Seeds let o = results.Outcome(arm, seed) let control = settings.Control(arm)
            select (IReadOnlyList<object?>)
            [
                arm, seed, o.Parameters, o.Transferred, o.Before, o.After, o.Losses[^1].StandardError,
                control is null ? null : o.StepsTo(results.Outcome(control, seed).After), string.Join(' ', o.Releases), o.Seconds,
            ]);
        run.WriteTable("curves", ["arm", "seed", "step", "held_out"],
            from arm in settings.Arms.Keys from seed in settings.Seeds let o = results.Outcome(arm, seed) from i in Enumerable.Range(0, o.Steps.Count)
            select (IReadOnlyList<object?>)[arm, seed, o.Steps[i], o.Losses[i].Mean]);
        run.Summarize("original", results.Original.Mean);
        foreach (string arm in settings.Arms.Keys)
        {
            run.Summarize($"after.{arm}", results.After(arm));
            if (settings.Control(arm) is { } control) run.Summarize($"againstScratch.{arm}", results.Difference(arm, control));
            if (results.Speedup(arm) is { } speedup) run.Summarize($"speedup.{arm}", speedup);
        }
    }
}
