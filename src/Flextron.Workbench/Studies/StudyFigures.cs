using System.Globalization;
using Flextron.Latency;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Studies;

/// <summary>The figures of a study, each from its results alone.</summary>
internal static class StudyFigures
{
    private const double Normal95 = 1.96;
    private static readonly Axis LossAxis = new("Held-out loss", "nats/token");

    public static Figure LossAgainstLatency(StudyResults results)
    {
        IEnumerable<LineSeries> lines = results.Curve.GroupBy(p => p.Method).Select(method =>
        {
            CurvePoint[] points = [.. method.OrderBy(p => p.MeasuredMs.Median)];
            return Estimates(method.Key, [.. points.Select(p => p.MeasuredMs.Median)], [.. points.Select(p => p.Loss)]);
        });
        return new Figure("Held-out loss against measured latency", new Axis("Measured latency", "ms"), LossAxis, [.. lines])
        {
            Subtitle = $"{Workload(results.Table.Key.Workload)}; bands: 95 % over {results.Curve[0].Loss.PerWindow.Count} windows",
            Caption = "One set of weights, one sub-network per target and way of choosing. Latency is measured end to end, median of interleaved repeats.",
            ReferenceLines = [new ReferenceLine("original model, before joint training", results.Training.Before[TrainStage.WholeLabel].Mean)],
        };
    }

    public static Figure Accuracy(string task, IReadOnlyList<BenchmarkPoint> points)
    {
        string metric = points[0].Result.Metrics.ContainsKey("acc") ? "acc" : points[0].Result.Metrics.Keys.First();
        BenchmarkPoint[] ordered = [.. points.OrderBy(p => p.MeasuredMs)];
        double[] values = [.. ordered.Select(p => p.Result.Metrics[metric])];
        var line = new LineSeries(task, [.. ordered.Select(p => p.MeasuredMs)], values)
        {
            Lower = [.. ordered.Select(p => p.Result.Intervals.TryGetValue(metric, out var i) ? i.Low : double.NaN)],
            Upper = [.. ordered.Select(p => p.Result.Intervals.TryGetValue(metric, out var i) ? i.High : double.NaN)],
            Spread = Spread.ErrorBars,
        };
        return new Figure($"Accuracy on {task} against measured latency", new Axis("Measured latency", "ms"), new Axis("Accuracy") { IncludeZero = true }, [line])
        {
            Subtitle = $"{ordered[0].Result.Docs} documents; bars: 95 %",
            ReferenceLines = points[0].Result.Chance > 0 ? [new ReferenceLine("chance", points[0].Result.Chance)] : [],
        };
    }

    public static Figure Orders(StudyResults results)
    {
        double[] shares = [.. results.Orders.Select(o => o.Share)];
        LossEstimate[] importance = [.. results.Orders.Select(o => o.Importance)];
        double[][] random = [.. results.Orders.Select(o => o.Random.Select(r => r.Mean).ToArray())];
        var series = new List<FigureSeries>
        {
            Estimates("by importance", shares, importance),
            new LineSeries("checkpoint's own order", shares, [.. results.Orders.Select(o => o.Original.Mean)]),
        };
        if (random[0].Length > 0)
            series.Add(new LineSeries($"random order ({random[0].Length} draws)", shares, [.. random.Select(r => r.Average())])
            {
                Lower = [.. random.Select(r => r.Min())], Upper = [.. random.Select(r => r.Max())], Spread = Spread.ErrorBars,
            });
        return new Figure("Prefixes before any training", new Axis("Width of every block as a share (heads rounded to whole groups)"), LossAxis, series)
        {
            Subtitle = "band: 95 % over windows; bars: smallest to largest of the random draws",
        };
    }

    public static Figure Training(StudyResults results)
    {
        double[] shares = [.. results.Training.Before.Keys.Select(TrainStage.Share)];
        return new Figure("What joint training changes", new Axis("Width of every block as a share (heads rounded to whole groups)"), LossAxis,
        [
            Estimates("before", shares, [.. results.Training.Before.Values]),
            Estimates("after", shares, [.. results.Training.Before.Keys.Select(k => results.Training.After[k])]),
        ])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture, $"{results.Training.Steps} steps; bands: 95 % over windows"),
        };
    }

    public static Figure TrainingCurve(StudyResults results)
    {
        (double Step, double Loss)[] steps = [.. results.TrainingMetrics.Select(r => (r.Number("step") ?? double.NaN, r.Number("loss") ?? double.NaN)).Where(p => double.IsFinite(p.Item1))];
        var line = new LineSeries("training loss, mean of the step's networks", [.. steps.Select(s => s.Step)], [.. steps.Select(s => s.Loss)]) { Smoothing = 15 };
        return new Figure("Joint training", new Axis("Step"), new Axis("Loss (cross-entropy and distillation)", "nats/token"), [line]);
    }

    public static Figure Honesty(LatencyTable table)
    {
        IReadOnlyList<HonestyPair> pairs = table.HeldOut!.Pairs;
        return FigurePlots.PredictedVersusMeasured(
            "Latency table against whole runs of held-out sub-networks", "latency", "ms", [.. pairs.Select(p => p.PredictedMs)], [.. pairs.Select(p => p.MeasuredMs)], [.. pairs.Select(p => p.Network)]);
    }

    public static Figure Widths(StudyResults results, bool attention)
    {
        CurvePoint[] points = [.. results.Curve.Where(p => p.Method == CurvePoint.Router).OrderBy(p => p.TargetMs)];
        int blocks = points[0].Network.Blocks.Length, full = points.Max(p => p.Network.Blocks.Max(b => attention ? b.KvGroups : b.Neurons));
        double[][] cells = [.. Enumerable.Range(0, blocks).Select(b => points.Select(p => (attention ? p.Network.Blocks[b].KvGroups : p.Network.Blocks[b].Neurons) / (double)full).ToArray())];
        return new Figure(
            attention ? "Heads kept for each latency target" : "Neurons kept for each latency target",
            new Axis("Latency target", "ms") { Categories = [.. points.Select(p => p.TargetMs.ToString("0.00", CultureInfo.InvariantCulture))] },
            new Axis("Block") { Categories = [.. Enumerable.Range(0, blocks).Select(b => b.ToString(CultureInfo.InvariantCulture))] },
            [new HeatMapSeries(attention ? "kept share of heads" : "kept share of neurons", cells) { Minimum = 0, Maximum = 1 }]);
    }

    public static string Workload(LatencyWorkload workload) =>
        $"batch {workload.Batch}, prompt of {workload.PromptTokens} tokens, {workload.GeneratedTokens} generated";

    private static LineSeries Estimates(string name, IReadOnlyList<double> x, IReadOnlyList<LossEstimate> losses) => new(name, x, [.. losses.Select(l => l.Mean)])
    {
        Lower = [.. losses.Select(l => l.Mean - Normal95 * l.StandardError)],
        Upper = [.. losses.Select(l => l.Mean + Normal95 * l.StandardError)],
    };
}
