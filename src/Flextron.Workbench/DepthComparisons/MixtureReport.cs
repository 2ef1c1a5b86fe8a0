using System.Globalization;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>Writes up the comparison: losses at equal compute, the causal sampler, speed.</summary>
internal static class MixtureReport
{
    private const double AgreementGoal = 0.97, LossGoal = 0.01;

    public static void Write(ExperimentRun run, MixtureResults results)
    {
        MixtureComparisonSettings settings = results.Settings;
        var report = new ReportDocument("Mixture-of-Depths at equal training compute") { Subtitle = $"run {run.Name}" };
        report.Text($"**{settings.Question}**");
        Losses(report, run, results);
        if (results.Has(MixtureArm.Mixture)) Sampler(report, run, results);
        if (results.Speeds.Count > 0) Speed(report, run, results);
        report.Heading("How this was made").Text(string.Create(CultureInfo.InvariantCulture,
            $"Every network began with fresh weights and read as much of the tiny world's text as {settings.Teraflops:0.###} TFLOP allow, counting matrix products (forward pass three times), attention over visible keys, the head, routers and predictors. {settings.Mixture.Tokens(settings.SequenceLength)} of {settings.SequenceLength} tokens pass a routed block. Losses are means over {settings.HeldOutWindows} held-out windows, the same for all. Intervals are Student's t over {settings.Seeds.Count} seeds (95 %). The learning rate is the same for every size and was not tuned."));
        report.Settings("Settings", settings);
        report.Write(run.Folder);
        run.WriteTable("outcomes", ["arm", "size", "parameters", "seed", "steps", "tokens", "forward_flops_per_token", "loss", "causal_loss", "agreement", "causal_share"],
            from arm in settings.Arms from size in settings.Sizes from seed in settings.Seeds let o = results.Of(size, arm, seed)
            select (IReadOnlyList<object?>)[arm.ToString(), size.Label, o.Parameters, seed, o.Steps, o.Tokens, o.ForwardFlopsPerToken, o.Loss.Mean, o.Sampler?.Causal.Mean, o.Sampler?.Accuracy, o.Sampler?.CausalShare]);
    }

    private static void Losses(ReportDocument report, ExperimentRun run, MixtureResults results)
    {
        MixtureComparisonSettings settings = results.Settings;
        Figure Curve(string title, Axis x, Func<MixtureOutcome, double> place) => new(
            title, x, new Axis("Held-out loss", "nats/token"), [.. settings.Arms.Select(arm => Line(arm, place))])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture, $"{settings.Teraflops:0.###} TFLOP each, means over {settings.Seeds.Count} seeds{(settings.Seeds.Count > 1 ? "; bars are 95 % intervals" : "")}"),
        };
        LineSeries Line(MixtureArm arm, Func<MixtureOutcome, double> place)
        {
            SummaryValue[] losses = [.. settings.Sizes.Select(s => results.Loss(s, arm))];
            return new LineSeries(Name(arm), [.. settings.Sizes.Select(s => place(results.Of(s, arm, settings.Seeds[0])))], [.. losses.Select(l => l.Value)])
            {
                Lower = [.. losses.Select(l => l.Low ?? double.NaN)], Upper = [.. losses.Select(l => l.High ?? double.NaN)], Intervals = IntervalMark.ErrorBars,
            };
        }

        report.Heading("Loss at equal compute");
        report.Figure(Curve("Loss against size at equal training compute", new Axis("Parameters") { Scale = AxisScale.Logarithmic }, o => o.Parameters), "isoflop");
        report.Figure(Curve("Loss against the cost of a forward pass", new Axis("Operations of a forward pass", "MFLOP/token") { Scale = AxisScale.Logarithmic }, o => o.ForwardFlopsPerToken / 1e6), "forward-cost");
        report.Table(new ReportTable(
            [new("network"), new("size"), new("parameters", "N0"), new("tokens", "0.00") { Heading = "tokens (M)" }, new("forward", "0.000") { Heading = "forward (MFLOP/token)" }, new("loss", "0.0000") { Best = BestValue.Smallest }],
            from arm in settings.Arms from size in settings.Sizes let o = results.Of(size, arm, settings.Seeds[0]) let loss = results.Loss(size, arm)
            select (IReadOnlyList<object?>)[Name(arm), size.Label, o.Parameters, o.Tokens / 1e6, o.ForwardFlopsPerToken / 1e6, Value(loss)],
            "Losses as trained: the top k of each window, random ones, or all tokens"));
        foreach (MixtureArm arm in settings.Arms)
        {
            ModelSize best = results.Best(arm);
            run.Summarize($"loss.{arm.ToString().ToLowerInvariant()}.best", results.Loss(best, arm));
            foreach (ModelSize size in settings.Sizes) run.Summarize($"loss.{arm.ToString().ToLowerInvariant()}.{size.Label}", results.Loss(size, arm));
        }
        foreach ((MixtureArm arm, MixtureArm against) in new[] { (MixtureArm.Mixture, MixtureArm.Dense), (MixtureArm.Mixture, MixtureArm.Random) })
        {
            if (!results.Has(arm) || !results.Has(against)) continue;
            SummaryValue difference = results.BestDifference(arm, against);
            run.Summarize($"difference.{arm}.{against}".ToLowerInvariant(), difference);
            ModelSize size = results.Best(arm), other = results.Best(against);
            report.Text(string.Create(CultureInfo.InvariantCulture,
                $"{Name(arm)} at its best size ({size.Label}) minus {Name(against)} at its best ({other.Label}): {difference.Value:+0.0000;-0.0000} nats/token ({Verdict(difference)}); a forward pass costs {results.Of(size, arm, settings.Seeds[0]).ForwardFlopsPerToken / results.Of(other, against, settings.Seeds[0]).ForwardFlopsPerToken:0%} of the other's."));
        }
    }

    private static void Sampler(ReportDocument report, ExperimentRun run, MixtureResults results)
    {
        MixtureComparisonSettings settings = results.Settings;
        report.Heading("The causal sampler");
        SummaryValue Over(ModelSize size, Func<MixtureOutcome, double> value) => results.OverSeeds(s => value(results.Of(size, MixtureArm.Mixture, s)));
        report.Table(new ReportTable(
            [new("size"), new("agrees", "0.00%") { Heading = "agrees with the top k" }, new("recall", "0.0%"), new("precision", "0.0%"), new("share", "0.0%") { Heading = "tokens that pass" }, new("change", "+0.00%;-0.00%") { Heading = "change of the loss" }],
            settings.Sizes.Select(size => (IReadOnlyList<object?>)
            [
                size.Label, Value(Over(size, o => o.Sampler!.Accuracy)), Over(size, o => o.Sampler!.Blocks.Average(b => b.Recall)).Value,
                Over(size, o => o.Sampler!.Blocks.Average(b => double.IsNaN(b.Precision) ? 0 : b.Precision)).Value, Over(size, o => o.Sampler!.CausalShare).Value, Value(Over(size, o => o.Sampler!.LossChange)),
            ]),
            "Means over seeds; a sampler that lets nothing pass would agree on one minus the capacity"));
        ModelSize best = results.Best(MixtureArm.Mixture);
        (SummaryValue agreement, SummaryValue change) = (Over(best, o => o.Sampler!.Accuracy), Over(best, o => o.Sampler!.LossChange));
        run.Summarize("sampler.agreement", agreement);
        run.Summarize("sampler.lossChange", change);
        report.Text(string.Create(CultureInfo.InvariantCulture,
            $"At the best size ({best.Label}) sampler and top k agree on {agreement.Value:0.00%} of decisions ({(agreement.Value >= AgreementGoal ? "at least" : "less than")} the {AgreementGoal:0%} that the paper's samplers reach) and the sampler changes the loss by {change.Value:+0.00%;-0.00%} ({(Math.Abs(change.Value) <= LossGoal ? "within" : "outside")} {LossGoal:0%})."));
    }

    private static void Speed(ReportDocument report, ExperimentRun run, MixtureResults results)
    {
        MixtureComparisonSettings settings = results.Settings;
        report.Heading("Speed here");
        report.Table(new ReportTable(
            [new("network"), new("size"), new("loss", "0.0000") { Heading = "loss, causal" }, new("decode", "0") { Heading = "decoding (tokens/s)" }, new("lowest", "0"), new("highest", "0"), new("step", "0.0") { Heading = "training step (ms)" }, new("composed", "0.0") { Heading = "the same, composed (ms)" }, new("cache", "0.0") { Heading = "KV cache held (kB)" }],
            from size in settings.Sizes from arm in settings.Arms let speed = results.Speed(size, arm) where speed is not null
            select (IReadOnlyList<object?>)
            [
                Name(arm), size.Label, results.OverSeeds(s => results.CausalLoss(size, arm, s)).Value, MixtureResults.Median(speed.TokensPerSecond), speed.TokensPerSecond.Min(), speed.TokensPerSecond.Max(),
                1000 * MixtureResults.Median(speed.StepSeconds), 1000 * MixtureResults.Median(speed.ComposedStepSeconds), speed.CacheBytes / 1e3,
            ],
            "Through libtorch, one sequence, median of the timings; composed: libtorch's own differentiation for both"));
        if (!results.Has(MixtureArm.Mixture) || !results.Has(MixtureArm.Dense)) return;
        ModelSize best = results.Best(MixtureArm.Mixture), dense = results.DenseAsGoodAs(results.OverSeeds(s => results.CausalLoss(best, MixtureArm.Mixture, s)).Value);
        double ratio = MixtureResults.Median(results.Speed(best, MixtureArm.Mixture)!.TokensPerSecond) / MixtureResults.Median(results.Speed(dense, MixtureArm.Dense)!.TokensPerSecond);
        run.Summarize("decode.mixtureOverDense", ratio);
        run.MarkMeasured("decode.mixtureOverDense");
        report.Text(string.Create(CultureInfo.InvariantCulture,
            $"The best Mixture-of-Depths ({best.Label}) decodes {ratio:0.00} times as fast as {(results.Loss(dense, MixtureArm.Dense).Value <= results.OverSeeds(s => results.CausalLoss(best, MixtureArm.Mixture, s)).Value ? "the fastest dense network that is no worse" : "the best dense network, which is still worse")} ({dense.Label})."));
    }

    private static object Value(SummaryValue value) => value.High is { } high ? new PlusMinus(value.Value, high - value.Value) : value.Value;

    private static string Verdict(SummaryValue difference) => difference switch
    {
        { Low: { } low, High: { } high } => string.Create(CultureInfo.InvariantCulture, $"95 % interval {low:+0.0000;-0.0000} to {high:+0.0000;-0.0000}, paired by seed{(low <= 0 && high >= 0 ? ": not told apart" : "")}"),
        _ => "one seed",
    };

    private static string Name(MixtureArm arm) => arm switch { MixtureArm.Dense => "dense", MixtureArm.Mixture => "Mixture-of-Depths", _ => "random routing" };
}
