using System.Globalization;
using Flextron.MixtureOfDepths;
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
        if (results.HasSpeeds) Speed(report, run, results);
        report.Heading("How this was made").Text(string.Create(CultureInfo.InvariantCulture,
            $"Every network began with fresh weights and read as much of the tiny world's text as {settings.Teraflops:0.###} TFLOP allow, counting matrix products (forward pass three times), attention over visible keys, the head, routers and predictors, which random routing pays for too: at the same size it reads the same text as routing by routers. {settings.Mixture.Tokens(settings.SequenceLength)} of {settings.SequenceLength} tokens pass a routed block. Losses are means over {settings.HeldOutWindows} held-out windows, the same for all. Intervals are Student's t over {settings.Seeds.Count} seeds (95 %). The learning rate is the same for every size and was not tuned."));
        report.Settings("Settings", settings);
        report.Write(run.Folder);
        run.WriteTable("outcomes", ["arm", "size", "parameters", "seed", "steps", "tokens", "forward_flops_per_token", "loss"],
            from arm in settings.Arms from size in settings.Sizes from seed in settings.Seeds let o = results.Of(size, arm, seed)
            select (IReadOnlyList<object?>)[arm.ToString(), size.Label, o.Parameters, seed, o.Steps, o.Tokens, o.ForwardFlopsPerToken, o.Loss.Mean]);
        run.WriteTable("samplers", ["size", "seed", "sampler", "trained_alone", "agreement", "causal_share", "top_k_loss", "causal_loss"],
            from size in settings.Sizes where results.Has(MixtureArm.Mixture) from seed in settings.Seeds from s in results.Of(size, MixtureArm.Mixture, seed).Samplers
            select (IReadOnlyList<object?>)[size.Label, seed, s.Sampler.ToString(), s.TrainedAlone, s.Effect.Accuracy, s.Effect.CausalShare, s.Effect.TopK.Mean, s.Effect.Causal.Mean]);
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
        if (results.Has(MixtureArm.Mixture) && results.Has(MixtureArm.Random)) Routing(report, run, results);
        foreach ((MixtureArm arm, MixtureArm against) in new[] { (MixtureArm.Mixture, MixtureArm.Dense), (MixtureArm.Mixture, MixtureArm.Random) })
        {
            if (!results.Has(arm) || !results.Has(against)) continue;
            SummaryValue difference = results.BestDifference(arm, against);
            run.Summarize($"difference.{arm}.{against}".ToLowerInvariant(), difference);
            ModelSize size = results.Best(arm), other = results.Best(against);
            report.Text(string.Create(CultureInfo.InvariantCulture,
                $"{Name(arm)} at its best size ({size.Label}) minus {Name(against)} at its best ({other.Label}): {difference.Value:+0.0000;-0.0000} nats/token ({Verdict(difference)}); a forward pass costs {results.Of(size, arm, settings.Seeds[0]).ForwardFlopsPerToken / results.Of(other, against, settings.Seeds[0]).ForwardFlopsPerToken:0%} of the other's."));
            // The top k of a window looks ahead, which nobody who generates can.
            if (arm == MixtureArm.Mixture && against == MixtureArm.Dense && results.CausalDifference(arm, against) is var causal)
                report.Text(string.Create(CultureInfo.InvariantCulture, $"By the causal sampler, as it would generate, the same difference is {causal.Value:+0.0000;-0.0000} nats/token ({Verdict(causal)})."));
        }
    }

    // The same network, compute and text with and without routers that choose, size by size.
    private static void Routing(ReportDocument report, ExperimentRun run, MixtureResults results)
    {
        MixtureComparisonSettings settings = results.Settings;
        SummaryValue Difference(ModelSize size) => results.OverSeeds(s => results.Of(size, MixtureArm.Mixture, s).Loss.Mean - results.Of(size, MixtureArm.Random, s).Loss.Mean);
        foreach (ModelSize size in settings.Sizes) run.Summarize($"routing.{size.Label}", Difference(size));
        report.Table(new ReportTable(
            [new("size"), new("difference", "+0.0000;-0.0000") { Heading = "routers minus chance (nats)" }, new("told")],
            settings.Sizes.Select(size => Difference(size) is var d
                ? (IReadOnlyList<object?>)[size.Label, Value(d), d is { Low: { } low, High: { } high } ? (high < 0 ? "routers are better" : low > 0 ? "chance is better" : "not told apart") : "one seed"]
                : []),
            "Tokens chosen by routers against as many chosen by chance, at equal size, compute and text, paired by seed"));
    }

    private static void Sampler(ReportDocument report, ExperimentRun run, MixtureResults results)
    {
        MixtureComparisonSettings settings = results.Settings;
        report.Heading("The causal samplers");
        SummaryValue Over(ModelSize size, int sampler, Func<SamplerAgreement, double> value) => results.OverSeeds(s => value(results.Of(size, MixtureArm.Mixture, s).Samplers[sampler].Effect));
        IReadOnlyList<SamplerOutcome> measured = results.Of(settings.Sizes[0], MixtureArm.Mixture, settings.Seeds[0]).Samplers;
        report.Table(new ReportTable(
            [
                new("size"), new("sampler"), new("agrees", "0.00%") { Heading = "agrees with the top k" }, new("recall", "0.0%"), new("precision", "0.0%"),
                new("share", "0.0%") { Heading = "tokens that pass" }, new("change", "+0.00%;-0.00%") { Heading = "change of the loss" },
            ],
            from size in settings.Sizes from at in Enumerable.Range(0, measured.Count)
            select (IReadOnlyList<object?>)
            [
                size.Label, Name(measured[at]), Value(Over(size, at, a => a.Accuracy)), Over(size, at, a => a.Blocks.Average(b => b.Recall)).Value,
                Over(size, at, a => a.Blocks.Average(b => double.IsNaN(b.Precision) ? 0 : b.Precision)).Value, Over(size, at, a => a.CausalShare).Value, Value(Over(size, at, a => a.LossChange)),
            ],
            "Means over seeds, all samplers on the same networks; one that lets nothing pass would agree on one minus the capacity"));
        ModelSize best = results.Best(MixtureArm.Mixture);
        for (int at = 0; at < measured.Count; at++)
        {
            (SummaryValue agreement, SummaryValue change) = (Over(best, at, a => a.Accuracy), Over(best, at, a => a.LossChange));
            string key = $"sampler.{measured[at].Sampler.ToString().ToLowerInvariant()}{(measured[at].TrainedAlone ? ".alone" : "")}";
            run.Summarize($"{key}.agreement", agreement);
            run.Summarize($"{key}.lossChange", change);
            report.Text(string.Create(CultureInfo.InvariantCulture,
                $"At the best size ({best.Label}) the {Name(measured[at])} and the top k agree on {agreement.Value:0.00%} of decisions ({(agreement.Value >= AgreementGoal ? "at least" : "less than")} the {AgreementGoal:0%} that the paper's samplers reach) and it changes the loss by {change.Value:+0.00%;-0.00%} ({(Math.Abs(change.Value) <= LossGoal ? "within" : "outside")} {LossGoal:0%})."));
        }
    }

    private static void Speed(ReportDocument report, ExperimentRun run, MixtureResults results)
    {
        MixtureComparisonSettings settings = results.Settings;
        report.Heading("Speed here");
        report.Table(new ReportTable(
            [
                new("network"), new("size"), new("loss", "0.0000") { Heading = "loss, causal" }, new("decode", "N0") { Heading = "decoding (tokens/s)" }, new("lowest", "N0"), new("highest", "N0"),
                new("step", "0.0") { Heading = "training step (ms)" }, new("composed", "0.0") { Heading = "the same, composed (ms)" }, new("cache", "0.0") { Heading = "KV cache held (kB)" },
            ],
            from size in settings.Sizes from arm in settings.Arms let speed = results.Speed(size, arm) where speed is not null
            select (IReadOnlyList<object?>)
            [
                Name(arm), size.Label, results.OverSeeds(s => results.CausalLoss(size, arm, s)).Value, MixtureResults.Median(speed.TokensPerSecond), speed.TokensPerSecond.Min(), speed.TokensPerSecond.Max(),
                1000 * MixtureResults.Median(speed.StepSeconds), 1000 * MixtureResults.Median(speed.ComposedStepSeconds), speed.CacheBytes / 1e3,
            ],
            "The first seed's networks: one sequence on one thread of the decode engine, median of the timings; training steps through libtorch, composed: its own differentiation for both"));
        if (!results.Has(MixtureArm.Mixture) || !results.Has(MixtureArm.Dense)) return;
        foreach (ModelSize size in settings.Sizes) Ratio(run, $"decode.{size.Label}.mixtureOverDense", 1 / MixtureResults.Median(results.Speed(size, MixtureArm.Dense)!.TokensPerSecond), 1 / MixtureResults.Median(results.Speed(size, MixtureArm.Mixture)!.TokensPerSecond));
        (EqualLoss mixture, EqualLoss dense) = (results.Speeds(MixtureArm.Mixture), results.Speeds(MixtureArm.Dense));
        double loss = Math.Max(mixture.Best, dense.Best);
        ((double Parameters, double Seconds, bool Bounded) m, (double Parameters, double Seconds, bool Bounded) d) = (mixture.At(loss), dense.At(loss));
        double ratio = Ratio(run, "decode.mixtureOverDense", d.Seconds, m.Seconds);
        string Described(double parameters, double seconds, bool bounded) => string.Create(CultureInfo.InvariantCulture,
            $"{1 / seconds:N0} tokens/s with {parameters:N0} parameters{(bounded ? ", the smallest size measured, which is better still" : "")}");
        report.Text(string.Create(CultureInfo.InvariantCulture,
            $"At equal loss, {loss:0.0000} nats (the best of the {(dense.Best >= mixture.Best ? "dense networks, which Mixture-of-Depths reaches, too" : "Mixture-of-Depths, which dense networks reach, too")}, both as they generate): Mixture-of-Depths {Described(m.Parameters, m.Seconds, m.Bounded)}, dense {Described(d.Parameters, d.Seconds, d.Bounded)}: {ratio:0.00} times as fast. The smallest network that reaches the loss is read off each arm's sizes, between two of them by the straight line of loss, and of the logarithm of time, over the logarithm of parameters."));
    }

    private static double Ratio(ExperimentRun run, string key, double denseSeconds, double mixtureSeconds)
    {
        run.Summarize(key, denseSeconds / mixtureSeconds);
        run.MarkMeasured(key);
        return denseSeconds / mixtureSeconds;
    }

    private static object Value(SummaryValue value) => PlusMinus.Of(value.Value, value.Low, value.High);

    private static string Verdict(SummaryValue difference) => difference switch
    {
        { Low: { } low, High: { } high } => string.Create(CultureInfo.InvariantCulture, $"95 % interval {low:+0.0000;-0.0000} to {high:+0.0000;-0.0000}, paired by seed{(low <= 0 && high >= 0 ? ": not told apart" : "")}"),
        _ => "one seed",
    };

    private static string Name(SamplerOutcome sampler) => sampler.Sampler == CausalSampler.Auxiliary ? "auxiliary loss" : sampler.TrainedAlone ? "predictor, trained on alone" : "predictor";

    private static string Name(MixtureArm arm) => arm switch { MixtureArm.Dense => "dense", MixtureArm.Mixture => "Mixture-of-Depths", _ => "random routing" };
}
