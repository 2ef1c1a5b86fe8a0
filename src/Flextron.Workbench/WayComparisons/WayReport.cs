using System.Globalization;
using Flextron.Latency;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.WayComparisons;

/// <summary>Writes up a comparison of ways: every view with its figures, who is better where, what each way's training cost, generated tokens, benchmarks.</summary>
internal static class WayReport
{
    private const string EachView = "every network with all the tokens", TogetherView = "all networks of a way with as many tokens together",
        OperationsView = "all networks of a way with as many operations together as the family";

    public static void Write(ExperimentRun run, WayResults results)
    {
        WayComparisonSettings settings = results.Settings;
        var report = new ReportDocument("Ways of spending less compute per token") { Subtitle = $"run {run.Name}" };
        report.Text($"**{settings.Question}**");
        report.Text(string.Create(CultureInfo.InvariantCulture,
            $"One base, the same further text: {settings.Training.Steps} steps of {settings.Training.BatchSize} × {settings.Training.SequenceLength} tokens{(settings.Training.DistillationWeight > 0 ? $", distilled from the base with weight {settings.Training.DistillationWeight:0.##}" : "")}. {Rates(settings)} All networks run through libtorch and were timed together, in shuffled rounds{Spread(results.Timings)}. The family is one training for every latency; the other ways train each network by itself, so they are shown {(results.Operations is null ? $"twice: {EachView}, and {TogetherView}" : $"three times: {EachView}, {TogetherView}, and {OperationsView}")}. At equal tokens the family still spends the operations of all networks of a step (see what the trainings cost). Its selected networks have the best shape found for each latency{(results.Routers is null ? "" : ", its routed ones what a learned router answers")}, the small models the same share of every block. Mixture-of-Depths is measured with its causal sampler, as it would generate."));
        // What continuing does to the base itself is in everything else's loss too.
        report.Text(string.Create(CultureInfo.InvariantCulture, $"Continuing takes the base itself from {results.Original.Mean:0.000} to {results.Base.Loss.Value:0.000}{(results.Base.Loss is { Low: { } low, High: { } high } ? string.Create(CultureInfo.InvariantCulture, $" (95 % interval over seeds {low:0.000} to {high:0.000})") : "")} nats per token."));
        View(report, results, results.Each, EachView, "each");
        View(report, results, results.Together, TogetherView, "together");
        if (results.Operations is { } operations) View(report, results, operations, OperationsView, "operations");
        Router(report, results);
        Costs(report, results);
        if (settings.Decode is { } decode)
        {
            report.Heading("Generated tokens").Figure(WayFigures.Token(results, results.Each, EachView), "loss-token-latency");
            report.Text(string.Create(CultureInfo.InvariantCulture, $"Behind {decode.PromptTokens} tokens, {decode.Batch} at once. The family's networks are those chosen for the prompts' latency; a network is compared with the best of them whose token takes no longer. A small model's token through libtorch is bound by its calls, not by arithmetic, so that widths hardly show here."));
            report.Text(Verdicts(results, results.Each, token: true));
        }
        Benchmarks(report, results);
        report.Settings("Settings", settings);
        report.Write(run.Folder);
        Tables(run, results);
    }

    // Arms whose weights start fresh may have a rate of their own, which favours or hurts them.
    private static string Rates(WayComparisonSettings settings)
    {
        string[] own = [.. settings.Arms.Where(a => a.Value.LearningRate is { } rate && rate != settings.Training.LearningRate)
            .GroupBy(a => a.Value.LearningRate).Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Key:g3} for {string.Join(", ", g.Select(a => a.Key))}"))];
        return string.Create(CultureInfo.InvariantCulture, $"The peak learning rate is {settings.Training.LearningRate:g3}{string.Concat(own.Select(o => $", {o}"))}, none of them tuned by this comparison.");
    }

    private static string Spread(WayTimings timings)
    {
        static double Most(IEnumerable<Quartiles> all) => all.Max(q => Math.Max(q.Upper - q.Median, q.Median - q.Lower) / q.Median);
        Quartiles[] prompts = [.. timings.Networks.Values.Select(n => n.PromptMs)], tokens = [.. timings.Networks.Values.Select(n => n.TokenMs).OfType<Quartiles>()];
        return string.Create(CultureInfo.InvariantCulture, $": medians of {prompts.Min(q => q.Count)} runs of the prompts or more, whose quartiles lie at most {Most(prompts):0.0 %} off{(tokens.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", those of a generated token at most {Most(tokens):0.0 %}"))}");
    }

    private static void Router(ReportDocument report, WayResults results)
    {
        if (results.Routers is not { } routers) return;
        string against = results.RouterAgainstSearch() is { } d ? Judged(d, "the search") : "none of its networks lies within the latencies of the search's";
        report.Heading("A learned router against the search").Text(string.Create(CultureInfo.InvariantCulture,
            $"For the same targets a static router was learned with the LM frozen: {routers.Average(r => r.Flops) / 1e12:0.00} TFLOP a seed of measured losses{(routers.All(r => r.Spearman is not null) ? string.Create(CultureInfo.InvariantCulture, $", rank correlation of its surrogate on held-out networks {routers.Average(r => r.Spearman!.Value):0.000}") : "")}. Its networks against those of the search (exact optimum by table and sensitivities, or the best uniform network) at the same measured latency, mean over its targets: {against}."));
    }

    private static void View(ReportDocument report, WayResults results, IReadOnlyList<WayPoint> points, string view, string name)
    {
        report.Heading(char.ToUpperInvariant(view[0]) + view[1..]).Figure(WayFigures.Loss(results, points, view, close: false), $"loss-latency-{name}");
        if (WayFigures.NeedsCloseUp(points)) report.Figure(WayFigures.Loss(results, points, view, close: true), $"loss-latency-{name}-close");
        report.Table(new ReportTable(
            [new("way"), new("network"), new("ms", "0.0"), new("share", "0 %") { Heading = "of the base's latency" }, new("loss", "0.000"), new("against", "0.000") { Heading = "against the family at this latency" },
             new("parameters", "N0"), new("tokens", "N0") { Heading = "tokens trained on" }],
            points.OrderBy(p => p.PromptMs.Value).Select(p => (IReadOnlyList<object?>)
            [
                p.Series, p.Label, p.PromptMs.Value, results.Share(p), Cell(p.Loss), p.Series == WayResults.Selected ? null : results.Against(p) is { } d ? Cell(d) : null,
                p.Over(m => m.Parameters).Value, p.Over(m => m.Training.Tokens).Value,
            ]),
            string.Create(CultureInfo.InvariantCulture, $"{view}; by measured latency; losses in nats per token on {results.Original.PerWindow.Count} held-out windows, the same for all: means over {results.Settings.Seeds.Count} seeds ± half of the 95 % interval (t). Differences from the family's selected networks at the same measured latency (along a line between its neighbours) are paired by seed, not corrected for their number, and empty where the family has no network as slow or as fast")));
        report.Text(Verdicts(results, points, token: false));
    }

    /// <summary>Says who is better, network by network.</summary>
    internal static string Verdicts(WayResults results, IReadOnlyList<WayPoint> points, bool token)
    {
        string Of(WayPoint point)
        {
            double ms = token ? point.Over(m => m.TokenMs ?? double.NaN).Value : point.PromptMs.Value;
            string at = string.Create(CultureInfo.InvariantCulture, $"**{point.Label}** ({point.Series}, {ms:0.0#} ms)");
            string against = results.Against(point, token) is { } d ? Judged(d) : $"the family has no network as {(Slower(results, ms, token) ? "slow" : "fast")}";
            string alike = token || results.AgainstShape(point) is not { } shape ? "" : $" Against the family's network of the same shape: {Judged(shape)}.";
            return $"{at}: {against}.{alike}";
        }

        return string.Join('\n', points.Where(p => !WayResults.IsOfFamily(p)).Select(p => $"- {Of(p)}"));
    }

    private static string Judged(SummaryValue d, string than = "the family")
    {
        string judged = d.High is null ? "one seed, so chance is not ruled out" : d.High < 0 ? $"better than {than}" : d.Low > 0 ? $"worse than {than}" : $"not distinguishable from {than}";
        string interval = d is { Low: { } low, High: { } high } ? string.Create(CultureInfo.InvariantCulture, $" ({low:+0.000;−0.000;0.000} to {high:+0.000;−0.000;0.000})") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{d.Value:+0.000;−0.000;0.000}{interval}: {judged}");
    }

    private static bool Slower(WayResults results, double ms, bool token) =>
        ms > results.Each.Where(p => p.Series == WayResults.Selected).Average(p => token ? p.Over(m => m.TokenMs ?? double.NaN).Value : p.PromptMs.Value);

    private static void Costs(ReportDocument report, WayResults results)
    {
        // The family's networks come from one training; elsewhere each has its own.
        object?[] Row(IGrouping<string, WayPoint> series)
        {
            bool one = WayResults.IsOfFamily(series.First());
            IEnumerable<object?> Sums(IReadOnlyList<WayPoint> view)
            {
                WayPoint[] own = [.. view.Where(p => p.Series == series.Key)];
                double Sum(Func<WayMeasurement, double> value) => one ? own[0].Over(value).Value : own.Sum(p => p.Over(value).Value);
                return [Sum(m => m.Training.Tokens), Sum(m => m.Training.Flops) / 1e12];
            }

            return [series.Key, series.Count(), one ? 1 : series.Count(), .. results.Views.SelectMany(v => Sums(v.Points))];
        }

        report.Heading("What the trainings cost").Table(new ReportTable(
            [
                new("way"), new("networks", "0"), new("trainings", "0"),
                .. results.Views.SelectMany(v => (ReportColumn[])[new($"tokens, {v.Name}", "N0"), new($"flops, {v.Name}", "0.00") { Heading = $"operations, {v.Name}, TFLOP" }]),
            ],
            WayResults.BySeries(results.Each).Select(Row),
            $"Per seed, all networks of a way: tokens read and operations counted, by view. A step of the family reads its tokens with several sub-networks, which tokens do not show and operations do. Losses that its networks were chosen by are not counted{(results.Routers is null ? "" : ", nor those that the router learned from, which stand above")}"));
    }

    private static void Benchmarks(ReportDocument report, WayResults results)
    {
        if (results.Settings.Benchmarks.Tasks.Count == 0) return;
        report.Heading("Benchmarks");
        foreach (string task in results.Settings.Benchmarks.Tasks)
        {
            WayScore[] scores = [.. results.Base.Seeds.Select(s => s.Scores.Single(o => o.Task == task))];
            if (scores.All(s => s.Accuracy - 2 * s.StandardError > s.Chance)) report.Figure(WayFigures.Accuracy(results, task), $"accuracy-{task}");
            else report.Text(string.Create(CultureInfo.InvariantCulture, $"The base is at chance on {task} ({100 * scores[0].Accuracy:0.0} %, chance {100 * scores[0].Chance:0.0} %), so that it tells no networks apart."));
        }
    }

    private static object Cell(SummaryValue value) => PlusMinus.Of(value.Value, value.Low, value.High);

    private static void Tables(ExperimentRun run, WayResults results)
    {
        (string Name, IReadOnlyList<WayPoint> Points)[] views = [.. results.Views];
        string[] tasks = [.. results.Settings.Benchmarks.Tasks];
        run.WriteTable("networks", ["view", "way", "network", "seed", "prompt_ms", "token_ms", "loss", "loss_se_windows", "loss_top_k", "parameters", "tokens", "flops", "seconds", .. tasks],
            from view in views from point in view.Points from i in Enumerable.Range(0, results.Settings.Seeds.Count) let m = point.Seeds[i]
            select (IReadOnlyList<object?>)
            [
                view.Name, point.Series, point.Label, results.Settings.Seeds[i], m.PromptMs, m.TokenMs, m.Loss.Mean, m.Loss.StandardError, m.Training.TopK?.Mean, m.Parameters, m.Training.Tokens, m.Training.Flops, m.Training.Seconds,
                .. tasks.Select(t => (object?)m.Scores.FirstOrDefault(s => s.Task == t)?.Accuracy),
            ]);
        run.Summarize("original", results.Original.Mean);
        var summary = new Dictionary<string, SummaryValue>();
        foreach ((string name, IReadOnlyList<WayPoint> points) in views)
        {
            foreach (WayPoint point in points.Where(p => !WayResults.IsOfFamily(p)))
            {
                summary[$"after.{name}.{point.Label}"] = point.Loss;
                if (results.Against(point) is { } d) summary[$"against.{name}.{point.Label}"] = d;
            }
        }
        if (results.RouterAgainstSearch() is { } learned) summary["against.search.router"] = learned;
        foreach (WayPoint point in results.Each.Where(WayResults.IsOfFamily)) summary[$"family.{point.Label}"] = point.Loss;
        run.Summarize([.. summary]);
        run.MarkMeasured("tables/*", "against.*", "family.*");
    }
}
