using System.Globalization;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Reports;
using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.PretrainingComparisons;

/// <summary>Writes up a comparison of ways to pretrain: losses at equal compute, on the way and at the end.</summary>
internal static class PretrainingReport
{
    public static void Write(ExperimentRun run, PretrainingComparisonSettings settings, IReadOnlyDictionary<(string Arm, long Seed), PretrainingOutcome> outcomes)
    {
        string first = settings.Arms.Keys.First();
        PretrainingOutcome Any(string arm) => outcomes[(arm, settings.Seeds[0])];
        SummaryValue OverSeeds(Func<long, double> value)
        {
            double[] values = [.. settings.Seeds.Select(value)];
            return SummaryValue.OfMean(values.Mean(), values.Length > 1 ? values.StandardDeviation() : double.NaN, values.Length);
        }

        SummaryValue Loss(string arm, int at) => OverSeeds(s => outcomes[(arm, s)].Losses[at].Mean);
        SummaryValue Difference(string arm) => OverSeeds(s => outcomes[(arm, s)].After - outcomes[(first, s)].After);
        LineSeries Line(string arm)
        {
            PretrainingOutcome any = Any(arm);
            SummaryValue[] losses = [.. Enumerable.Range(0, any.Losses.Count).Select(at => Loss(arm, at))];
            return new LineSeries(arm, [.. any.SpentFlops.Select(f => f / 1e12)], [.. losses.Select(l => l.Value)])
            {
                Lower = [.. losses.Select(l => l.Low ?? double.NaN)], Upper = [.. losses.Select(l => l.High ?? double.NaN)],
            };
        }

        var report = new ReportDocument("Ways to pretrain, at equal training compute") { Subtitle = $"run {run.Name}" };
        report.Text($"**{settings.Question}**");
        report.Figure(new Figure(
            "Held-out loss against training compute", new Axis("Training compute", "TFLOP"), new Axis("Held-out loss", "nats/token"), [.. settings.Arms.Keys.Select(Line)])
        {
            Subtitle = $"means over {settings.Seeds.Count} seeds{(settings.Seeds.Count > 1 ? ", bands: 95 % intervals" : "")}; of a V-cycle, the small model's loss while that is trained",
        }, "compute");
        report.Table(new ReportTable(
            [
                new("arm"), new("tokens", "0.00") { Heading = "tokens (M)" }, new("compute", "0.000") { Heading = "compute (TFLOP)" }, new("loss", "0.0000") { Best = BestValue.Smallest },
                new("difference", "+0.0000;-0.0000") { Heading = $"minus {first}" }, new("told"),
            ],
            settings.Arms.Keys.Select(arm => Difference(arm) is var d
                ? (IReadOnlyList<object?>)[arm, Any(arm).Tokens / 1e6, Any(arm).Flops / 1e12, Shown(Loss(arm, Any(arm).Losses.Count - 1)), arm == first ? null : Shown(d), arm == first ? null : Verdict(d)]
                : []),
            $"Held-out loss at the end of training, differences paired by seed ({Any(first).Parameters:N0} parameters)"));
        report.Heading("How this was made").Text(string.Create(CultureInfo.InvariantCulture,
            $"Every model began with fresh weights and was trained on the tiny world's text with the compute of {first}, counting matrix products (forward pass three times), attention over visible keys and the head. What is cheaper by the token reads more text. Losses are means over {settings.HeldOutWindows} held-out windows, the same for all. Intervals are Student's t over {settings.Seeds.Count} seeds (95 %). The learning rate is the same for all and was not tuned."));
        report.Settings("Settings", settings);
        report.Write(run.Folder);

        run.WriteTable("arms", ["arm", "seed", "parameters", "tokens", "flops", "loss", "loss_se_windows"],
            from arm in settings.Arms.Keys from seed in settings.Seeds let o = outcomes[(arm, seed)]
            select (IReadOnlyList<object?>)[arm, seed, o.Parameters, o.Tokens, o.Flops, o.After, o.Losses[^1].StandardError]);
        run.WriteTable("curves", ["arm", "seed", "step", "flops", "held_out"],
            from arm in settings.Arms.Keys from seed in settings.Seeds let o = outcomes[(arm, seed)] from i in Enumerable.Range(0, o.Steps.Count)
            select (IReadOnlyList<object?>)[arm, seed, o.Steps[i], o.SpentFlops[i], o.Losses[i].Mean]);
        foreach (string arm in settings.Arms.Keys)
        {
            run.Summarize($"loss.{arm}", Loss(arm, Any(arm).Losses.Count - 1));
            if (arm != first) run.Summarize($"difference.{arm}", Difference(arm));
        }
    }

    private static object Shown(SummaryValue value) => PlusMinus.Of(value.Value, value.Low, value.High);

    private static string Verdict(SummaryValue difference) => difference switch
    {
        { High: < 0 } => "better", { Low: > 0 } => "worse", { Low: not null } => "not told apart", _ => "one seed",
    };
}
