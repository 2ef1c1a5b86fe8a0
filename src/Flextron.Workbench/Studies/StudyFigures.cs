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

    /// <summary>Accuracy and loss of one task against measured latency.</summary>
    public static IReadOnlyList<(string Name, Figure Figure)> Benchmark(string task, IReadOnlyList<BenchmarkPoint> points)
    {
        var latency = new Axis("Measured latency", "ms");
        (double, Evaluation.TaskResult)[] scored = [.. points.DistinctBy(p => p.Network).Select(p => (p.MeasuredMs.Median, p.Result))];
        IEnumerable<(string, Figure)> accuracy = BenchmarkFigures.Accuracy(task, latency, scored) is { } figure ? [($"accuracy-{task}", figure)] : [];
        return [.. accuracy, .. BenchmarkFigures.Loss(task, latency, scored).Select(f => ($"{f.Name}-{task}", f.Figure))];
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

    public static Figure Importance(StudyResults results)
    {
        IEnumerable<LineSeries> lines = results.Importance.Blocks.Select((block, i) =>
        {
            double[] sorted = [.. block.Neurons.OrderDescending()];
            return new LineSeries($"block {i}", [.. sorted.Select((_, r) => (r + 1.0) / sorted.Length)], [.. sorted.Select(s => s / sorted[0])]);
        });
        // A marker per neuron would be a smear: 48 points show the shape.
        return new Figure("Importance of neurons, most important first", new Axis("Rank as a share of the block"), new Axis("Score as a share of the block's largest") { IncludeZero = true },
            [.. lines.Select(l => Thinned(l, 48))])
        {
            Subtitle = $"{results.Importance.Tokens:N0} calibration tokens",
        };
    }

    public static string Workload(LatencyWorkload workload) =>
        $"batch {workload.Batch}, prompt of {workload.PromptTokens} tokens, {workload.GeneratedTokens} generated";

    private static LineSeries Thinned(LineSeries line, int count)
    {
        int[] kept = [.. Enumerable.Range(0, Math.Min(count, line.X.Count)).Select(i => (int)((long)i * (line.X.Count - 1) / Math.Max(1, Math.Min(count, line.X.Count) - 1)))];
        return new LineSeries(line.Name, [.. kept.Select(i => line.X[i])], [.. kept.Select(i => line.Y[i])]);
    }

    private static LineSeries Estimates(string name, IReadOnlyList<double> x, IReadOnlyList<LossEstimate> losses) => new(name, x, [.. losses.Select(l => l.Mean)])
    {
        Lower = [.. losses.Select(l => l.Mean - Normal95 * l.StandardError)],
        Upper = [.. losses.Select(l => l.Mean + Normal95 * l.StandardError)],
    };
}
