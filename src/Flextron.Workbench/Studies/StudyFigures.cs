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
