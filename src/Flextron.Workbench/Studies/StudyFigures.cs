using System.Globalization;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Studies;

/// <summary>The figures of a study, each from its results alone.</summary>
internal static class StudyFigures
{
    public static Figure LossAgainstLatency(StudyResults results)
    {
        IEnumerable<LineSeries> lines = results.Curve.GroupBy(p => p.Method).Select(method =>
        {
            CurvePoint[] points = [.. method.OrderBy(p => p.MeasuredMs.Median)];
            return MethodFigures.Estimates(method.Key, [.. points.Select(p => p.MeasuredMs.Median)], [.. points.Select(p => p.Loss)]);
        });
        return new Figure("Held-out loss against measured latency", new Axis("Measured latency", "ms"), MethodFigures.LossAxis, [.. lines])
        {
            Subtitle = $"{MethodFigures.Workload(results.Table.Key.Workload)}; bands: 95 % over {results.Curve[0].Loss.PerWindow.Count} windows",
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

    public static Figure Orders(StudyResults results) => MethodFigures.Orders(results.Orders);

    public static Figure Training(StudyResults results)
    {
        string[] labels = [.. results.Training.Before.Keys];
        return MethodFigures.LossByWidth(
            "What joint training changes", [.. labels.Select(TrainStage.Share)], ("before", [.. results.Training.Before.Values]), ("after", [.. labels.Select(k => results.Training.After[k])])) with
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture, $"{results.Training.Steps} steps; bands: 95 % over windows"),
        };
    }

    /// <summary>Loss of residual widths and depths after training, the kept blocks whole; null where the family has neither axis.</summary>
    public static Figure? Frames(StudyResults results)
    {
        if (results.Training.Frames is not { } frames) return null;
        bool byWidth = frames.Select(f => f.Width).Distinct().Count() > 1;
        IEnumerable<LineSeries> Lines(Func<FrameOutcome, int> at, Func<FrameOutcome, string> name) => frames.GroupBy(name).Select(line =>
        {
            FrameOutcome[] points = [.. line.OrderBy(at)];
            return MethodFigures.Estimates(line.Key, [.. points.Select(p => (double)at(p))], [.. points.Select(p => p.After)]);
        });
        return new Figure("Residual width and depth", byWidth ? new Axis("Channels of the residual stream") : new Axis("Blocks"), MethodFigures.LossAxis,
            [.. byWidth ? Lines(f => f.Width, f => f.Depth == 1 ? "1 block" : $"{f.Depth} blocks") : Lines(f => f.Depth, _ => "whole width")])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture, $"all groups and neurons of the kept blocks; after {results.Training.Steps} steps; bands: 95 % over windows"),
        };
    }

    public static Figure TrainingCurve(StudyResults results)
    {
        (double Step, double Loss)[] steps = [.. results.TrainingMetrics.Select(r => (r.Number("step") ?? double.NaN, r.Number("loss") ?? double.NaN)).Where(p => double.IsFinite(p.Item1))];
        return MethodFigures.TrainingCurve([.. steps.Select(s => s.Step)], [.. steps.Select(s => s.Loss)]);
    }

    public static Figure Widths(StudyResults results, bool attention)
    {
        CurvePoint[] points = [.. results.Curve.Where(p => p.Method == CurvePoint.Router).OrderBy(p => p.TargetMs)];
        return MethodFigures.Widths(attention ? "Heads kept for each latency target" : "Neurons kept for each latency target", attention, new Axis("Latency target", "ms"),
            [.. points.Select(p => (p.TargetMs.ToString("0.00", CultureInfo.InvariantCulture), p.Network))]);
    }
}
