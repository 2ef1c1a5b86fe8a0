using System.Globalization;
using Flextron.Latency;
using Flextron.Routing;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.Studies;

/// <summary>Writes up a study: the answer first, then what supports it, stage by stage.</summary>
internal static class StudyReport
{
    public static void Write(ExperimentRun run, StudyResults results)
    {
        var report = new ReportDocument("Many networks in one: loss and accuracy against latency") { Subtitle = $"run {run.Name}; {results.Table.Key.DeviceName}" };
        report.Text($"**{results.Settings.Question}**");
        Answer(report, results);
        Benchmarks(report, results);
        Ranking(report, results);
        Training(report, results);
        LatencySection.Write(report, results.Table);
        Routing(report, results);
        report.Heading("How this was made").Text($"Computing took {results.Duration.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s in all. Environment, provenance, metrics and tables lie beside this page.");
        report.Table(CorpusPart.Table(results.Corpus)).Settings("Settings", results.Settings);
        report.Write(run.Folder);
        Tables(run, results);
        Summary(run, results);
    }

    private static void Answer(ReportDocument report, StudyResults results)
    {
        report.Heading("Loss against latency").Figure(StudyFigures.LossAgainstLatency(results), "loss-latency");
        report.Table(new ReportTable(
            [new("target", "0.00") { Heading = "target (ms)" }, new("by table", "0.00") { Heading = "by table (ms)" }, new("measured", "0.00") { Heading = "measured (ms)" },
             new("loss", "0.000") { Heading = "held-out loss" }, new("parameters", "N0"), new("groups × neurons per block")],
            Router(results).Select(p => (IReadOnlyList<object?>)[p.TargetMs, p.PredictedMs, p.MeasuredMs.Median, new PlusMinus(p.Loss.Mean, p.Loss.StandardError), p.Parameters, p.Network.ToString()]),
            "What the static router chose for each latency target. Loss ± standard error over windows."));
        report.Text(Verdict(results));
        report.Figure(StudyFigures.Widths(results, attention: false), "neurons-per-target").Figure(StudyFigures.Widths(results, attention: true), "heads-per-target");
    }

    /// <summary>Says who won, by paired differences over the same windows, whoever it is.</summary>
    private static string Verdict(StudyResults results)
    {
        string Against(string control)
        {
            int better = 0, worse = 0, targets = 0;
            foreach ((CurvePoint router, CurvePoint other) in Router(results).Zip(results.Curve.Where(p => p.Method == control)))
            {
                if (router.Network.Equals(other.Network)) continue;
                targets++;
                double[] difference = [.. router.Loss.PerWindow.Zip(other.Loss.PerWindow, (a, b) => a - b)];
                var paired = new LossEstimate(difference);
                if (paired.Mean + 1.96 * paired.StandardError < 0) better++;
                if (paired.Mean - 1.96 * paired.StandardError > 0) worse++;
            }
            return $"Against {control}, of the {targets} targets at which the two choose different networks, the router's loss is lower at {better}, higher at {worse}, and not distinguishable at {targets - better - worse}";
        }

        return $"{Against(CurvePoint.Uniform)}. {Against(CurvePoint.Knapsack)} (95 %, paired over windows, not corrected for the number of targets; budgets are ceilings, so the latencies used differ a little). The router's answers are fitted to the budget with the same measured sensitivities that the knapsack solves. One seed: see the settings.";
    }

    private static void Benchmarks(ReportDocument report, StudyResults results)
    {
        if (results.Benchmarks.Count == 0) return;
        report.Heading("Benchmarks against latency").Text(
            "Accuracy by the rules of lm-evaluation-harness, and the loss on the same documents: where a model is too small to answer, its accuracy stays at chance while the loss still moves.");
        foreach (IGrouping<string, BenchmarkPoint> task in results.Benchmarks.GroupBy(b => b.Result.Task))
        {
            if (task.All(p => p.AtChance == true)) report.Text($"**{task.Key}: at chance.** The 95 % interval of every network's accuracy contains the chance level.");
            foreach ((string name, Figures.Figure figure) in StudyFigures.Benchmark(task.Key, [.. task])) report.Figure(figure, name);
        }
        report.Table(new ReportTable(
            [new("task"), new("latency", "0.00") { Heading = "measured (ms)" }, new("accuracy", "0.000"), new("chance", "0.000"), new("margin", "0.000") { Heading = "margin (nats)" },
             new("per character", "0.0000") { Heading = "margin per character" }, new("nll", "0.000") { Heading = "target NLL (nats)" }, new("documents", "N0"), new("prompts")],
            results.Benchmarks.Select(b => (IReadOnlyList<object?>)[b.Result.Task, b.MeasuredMs.Median,
                Metric(b, "acc"), b.Result.Chance > 0 ? b.Result.Chance : null, Metric(b, "margin"), Metric(b, "margin_norm"), Metric(b, "target_nll"), b.Result.Docs, b.Result.PromptHash[..12]]),
            "± standard error over documents. The margin is the log-probability of the right choice minus that of the best other one; target NLL is the negative log-probability of the right answer. Prompts: start of the hash of all prompts."));
    }

    private static PlusMinus? Metric(BenchmarkPoint point, string name) =>
        point.Result.Metrics.TryGetValue(name, out double value) ? new PlusMinus(value, point.Result.Stderr[name]) : null;

    private static void Ranking(ReportDocument report, StudyResults results)
    {
        report.Heading("Importance and order").Text(string.Create(CultureInfo.InvariantCulture,
            $"Reordering changed no logit by more than {results.Checks.PermutedLogitDifference:0.0e+0}; slices equal their masked forms to {results.Checks.SliceMaskDifference:0.0e+0} (in float64) over {results.Checks.SliceNetworks} random sub-networks."));
        report.Figure(StudyFigures.Orders(results), "orders").Figure(MethodFigures.Importance(results.Importance), "importance");
    }

    private static void Training(ReportDocument report, StudyResults results)
    {
        report.Heading("Joint training").Figure(StudyFigures.Training(results), "training-gain").Figure(StudyFigures.TrainingCurve(results), "training-curve");
        report.Table(new ReportTable(
            [new("share", "0.###") { Heading = "kept share" }, new("before", "0.000"), new("after", "0.000"), new("change", "0.000")],
            results.Training.Before.Select(b => (IReadOnlyList<object?>)[TrainStage.Share(b.Key), Value(b.Value), Value(results.Training.After[b.Key]), Value(Difference(results.Training.After[b.Key], b.Value))]),
            "Held-out loss, nats per token, ± standard error over windows; the change is paired."));
        if (StudyFigures.Frames(results) is not { } framed) return;
        report.Figure(framed, "width-depth").Table(new ReportTable(
            [new("width", "0") { Heading = "residual channels" }, new("depth", "0") { Heading = "blocks" }, new("parameters", "N0"), new("before", "0.000"), new("after", "0.000"), new("change", "0.000")],
            results.Training.Frames!.Select(f => (IReadOnlyList<object?>)[f.Width, f.Depth, f.Parameters, Value(f.Before), Value(f.After), Value(Difference(f.After, f.Before))]),
            "Narrower residual streams and fewer blocks, all groups and neurons of the kept blocks; the routers choose at full width and depth, the knapsack over all axes."));
    }

    private static void Routing(ReportDocument report, StudyResults results)
    {
        if (results.Routing.HeldOut is not { } fit)
        {
            report.Heading("Routers").Text(string.Create(CultureInfo.InvariantCulture,
                $"Routers were trained end to end ({results.Routing.Method}); LM and routers were then fine-tuned together for {results.Settings.Route.Joint.Training.Steps} steps."));
            return;
        }
        report.Heading("Surrogate and routers").Text(string.Create(CultureInfo.InvariantCulture,
            $"On {fit.Count} held-out sub-networks the surrogate's relative error is {fit.RelativeError:0.00%} and its rank correlation {fit.Spearman:0.000}. It is then discarded; LM and routers were fine-tuned together for {results.Settings.Route.Joint.Training.Steps} steps."));
        report.Table(new ReportTable(
            [new("round", "0"), new("networks", "N0") { Heading = "networks measured" }, new("error", "0.00%") { Heading = "relative error" }, new("spearman", "0.000") { Heading = "rank correlation" },
             new("fresh", "0.000") { Heading = "rank correlation on networks not yet seen" }],
            results.Routing.Rounds.Select(r => (IReadOnlyList<object?>)[r.Round, r.Networks, r.HeldOut.RelativeError, r.HeldOut.Spearman, r.Fresh?.Spearman]), "Rounds of the surrogate"));
    }

    private static void Tables(ExperimentRun run, StudyResults results)
    {
        run.WriteTable("curve", ["method", "target_ms", "predicted_ms", "measured_ms", "measured_lower_ms", "measured_upper_ms", "loss", "loss_se", "parameters", "network"],
            results.Curve.Select(p => (IReadOnlyList<object?>)[p.Method, p.TargetMs, p.PredictedMs, p.MeasuredMs.Median, p.MeasuredMs.Lower, p.MeasuredMs.Upper, p.Loss.Mean, p.Loss.StandardError, p.Parameters, p.Network.ToString()]));
        run.WriteTable("training", ["share", "before", "before_se", "after", "after_se"],
            results.Training.Before.Select(b => (IReadOnlyList<object?>)[TrainStage.Share(b.Key), b.Value.Mean, b.Value.StandardError, results.Training.After[b.Key].Mean, results.Training.After[b.Key].StandardError]));
        run.WriteTable("orders", ["share", "importance", "importance_se", "original", "random_mean", "random_min", "random_max", "random_draws"],
            results.Orders.Select(o => (IReadOnlyList<object?>)[o.Share, o.Importance.Mean, o.Importance.StandardError, o.Original.Mean,
                o.Random.Average(r => r.Mean), o.Random.Min(r => r.Mean), o.Random.Max(r => r.Mean), o.Random.Count]));
        string[] names = [.. results.Benchmarks.SelectMany(b => b.Result.Metrics.Keys).Distinct()];
        run.WriteTable("benchmarks",
            ["task", "target_ms", "measured_ms", "measured_lower_ms", "measured_upper_ms", "network", "docs", "shots", "chance", "prompt_hash", "logprob_sum", .. names.SelectMany(n => new[] { n, n + "_se", n + "_low", n + "_high" })],
            results.Benchmarks.Select(b => (IReadOnlyList<object?>)[b.Result.Task, b.TargetMs, b.MeasuredMs.Median, b.MeasuredMs.Lower, b.MeasuredMs.Upper, b.Network.ToString(),
                b.Result.Docs, b.Result.Shots, b.Result.Chance, b.Result.PromptHash, b.Result.LogprobSum,
                .. names.SelectMany(n => b.Result.Metrics.TryGetValue(n, out double value)
                    ? new object?[] { value, b.Result.Stderr[n], b.Result.Intervals[n].Low, b.Result.Intervals[n].High } : [null, null, null, null])]));
    }

    private static void Frames(ExperimentRun run, StudyResults results)
    {
        if (results.Training.Frames is not { } frames) return;
        run.WriteTable("width-depth", ["width", "depth", "parameters", "before", "before_se", "after", "after_se"],
            frames.Select(f => (IReadOnlyList<object?>)[f.Width, f.Depth, f.Parameters, f.Before.Mean, f.Before.StandardError, f.After.Mean, f.After.StandardError]));
        foreach (FrameOutcome frame in frames) run.Summarize(Windows(results, $"loss.after.width{frame.Width}.depth{frame.Depth}", frame.After));
    }

    private static void Summary(ExperimentRun run, StudyResults results)
    {
        run.MarkMeasured("latency.*", "surrogate.*", "curve.*", "tables/curve.*", "tables/benchmarks.*");
        run.Summarize("checks.permutedLogitDifference", results.Checks.PermutedLogitDifference);
        run.Summarize("checks.sliceMaskDifference", results.Checks.SliceMaskDifference);
        foreach ((string label, LossEstimate loss) in results.Training.Before) run.Summarize(Windows(results, $"loss.before.{label}", loss));
        foreach ((string label, LossEstimate loss) in results.Training.After) run.Summarize(Windows(results, $"loss.after.{label}", loss));
        foreach (OrderComparison order in results.Orders)
        {
            run.Summarize(Windows(results, FormattableString.Invariant($"order.importance.{order.Share}"), order.Importance));
            if (order.Random.Count > 0) run.Summarize(FormattableString.Invariant($"order.random.{order.Share}"), order.Random.Average(r => r.Mean));
        }
        Frames(run, results);
        run.Summarize("latency.fullMs", results.Table.FullMs());
        run.Summarize("latency.medianError", results.Table.HeldOut!.MedianError);
        run.Summarize("latency.spearman", results.Table.HeldOut!.Spearman);
        if (results.Routing.HeldOut is { } fit)
        {
            run.Summarize("surrogate.spearman", fit.Spearman);
            run.Summarize("surrogate.relativeError", fit.RelativeError);
        }
        foreach ((CurvePoint point, int i) in Router(results).Select((p, i) => (p, i)))
            run.Summarize(Windows(results, FormattableString.Invariant($"curve.router.{i}.loss"), point.Loss));
    }

    private static IEnumerable<CurvePoint> Router(StudyResults results) => results.Curve.Where(p => p.Method == CurvePoint.Router);

    private static PlusMinus Value(LossEstimate loss) => new(loss.Mean, loss.StandardError);

    private static LossEstimate Difference(LossEstimate a, LossEstimate b) => new([.. a.PerWindow.Zip(b.PerWindow, (x, y) => x - y)]);

    // Windows of one text at one length are the same whatever was trained, so that runs can be compared window by window.
    private static Observations Windows(StudyResults results, string name, LossEstimate loss) => new(
        name, "window", string.Create(CultureInfo.InvariantCulture, $"{results.Corpus.Single(p => p.Name == "held-out").Hash[..16]}/{results.Settings.Corpus.WindowLength}/{loss.PerWindow.Count}"),
        [.. Enumerable.Range(0, loss.PerWindow.Count).Select(i => i.ToString(CultureInfo.InvariantCulture))], loss.PerWindow);
}
