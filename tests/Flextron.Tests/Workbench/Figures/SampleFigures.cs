using Flextron.Workbench.Figures;

namespace Flextron.Tests.Workbench.Figures;

/// <summary>One realistic figure of every kind.</summary>
internal static class SampleFigures
{
    private static readonly string[] Methods = ["Flextron (this work)", "Depth pruning", "Width pruning", "Trained from scratch"];

    public static IReadOnlyDictionary<string, Figure> All() => new Dictionary<string, Figure>
    {
        ["loss-latency"] = LossVersusLatency(),
        ["accuracy-latency"] = AccuracyVersusLatency(),
        ["widths"] = Widths(),
        ["predicted"] = PredictedVersusMeasured(),
        ["importance"] = Importance(),
        ["bars"] = Bars(),
        ["training"] = Training(),
        ["steps"] = Steps(),
        ["named-points"] = NamedPoints(),
        ["differences"] = Differences(),
    };

    public static Figure LossVersusLatency() => new("Validation loss of sub-networks against latency", new Axis("Latency of one 256-token prefill", "ms"), new Axis("Validation loss", "nats per token"),
        [.. Methods.Select((name, m) =>
        {
            double[] x = [.. Enumerable.Range(0, 8).Select(i => 6.2 + 3.1 * i + 0.4 * m)];
            double[] y = [.. x.Select(t => 1.42 + (3.4 + 1.3 * m) / (t + 1.5 * m))];
            return new LineSeries(name, x, y) { Lower = [.. y.Select(v => v - 0.012 - 0.006 * m)], Upper = [.. y.Select(v => v + 0.012 + 0.006 * m)] };
        })])
    {
        Subtitle = "TinyStories, 6 M parameters, 3 seeds; bands: 95 % bootstrap intervals over documents",
        Caption = "Each point is one sub-network chosen for a latency target; the full model stands for comparison.",
        ReferenceLines = [new("full model, 1.53", 1.53), new("target", 16.5, Vertical: true)],
    };

    public static Figure AccuracyVersusLatency() => new("Cloze accuracy against latency", new Axis("Latency", "ms") { Scale = AxisScale.Logarithmic }, new Axis("Accuracy"),
        [.. Methods.Select((name, m) =>
        {
            double[] x = [4, 7, 12, 20, 35, 60];
            double[] y = [.. x.Select(t => 0.25 + (0.42 - 0.06 * m) * (1 - Math.Exp(-t / (9.0 + 3 * m))))];
            return new LineSeries(name, x, y) { Intervals = IntervalMark.ErrorBars, Lower = [.. y.Select(v => v - 0.021)], Upper = [.. y.Select(v => v + 0.021)] };
        })])
    {
        Subtitle = "four answers each; error bars: 95 % Wilson intervals over 2,000 questions",
        ReferenceLines = [new("chance, 0.25", 0.25)],
    };

    public static Figure Widths() => new("Width chosen by the router in every layer for every latency target",
        new Axis("Latency target (share of the full model)") { Categories = ["30 %", "40 %", "50 %", "60 %", "70 %", "80 %", "90 %", "100 %"] },
        new Axis("Layer") { Categories = [.. Enumerable.Range(1, 6).Select(l => $"block {l}")] },
        [new HeatMapSeries("MLP width (share of full)", [.. Enumerable.Range(0, 6).Select(l => (IReadOnlyList<double>)[.. Enumerable.Range(0, 8)
            .Select(t => Math.Min(1, Math.Round(8 * (0.2 + 0.115 * t + 0.05 * Math.Sin(2.1 * l + t))) / 8))])])])
    { Subtitle = "mean over 256 validation batches" };

    public static Figure PredictedVersusMeasured()
    {
        var random = new Random(7);
        double[] measured = [.. Enumerable.Range(0, 30).Select(i => 5 + 0.9 * i + random.NextDouble())];
        double[] predicted = [.. measured.Select(v => v * (1 + 0.09 * (random.NextDouble() - 0.45)))];
        return FigurePlots.PredictedVersusMeasured("Latency table against measurement", "latency", "ms", predicted, measured) with { Subtitle = "30 sub-networks not in the table" };
    }

    public static Figure Importance()
    {
        var random = new Random(3);
        var groups = Enumerable.Range(1, 6).Select(b => ($"block {b}", (IReadOnlyList<double>)[.. Enumerable.Range(0, 2000).Select(_ =>
            (0.5 + 0.18 * b) * Math.Exp(0.35 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))]));
        return new Figure("Importance of MLP neurons in every block", new Axis("Mean absolute activation"), new Axis("Share of neurons"), HistogramSeries.Shares(groups, 40));
    }

    public static Figure Bars() => new("Accuracy by task and method", new Axis("Task") { Categories = ["cloze", "name recall", "ending choice", "grammar"] }, new Axis("Accuracy", "%"),
        [.. Methods.Select((name, m) =>
        {
            double[] y = [71.0 - 4 * m, 64.5 - 6 * m, 58.2 - 2.5 * m, 83.1 - 3 * m];
            return new BarSeries(name, y) { Lower = [.. y.Select(v => v - 2.2)], Upper = [.. y.Select(v => v + 2.2)] };
        })])
    { Subtitle = "at 50 % of the full model's latency; 95 % intervals", ReferenceLines = [new("chance", 25)] };

    public static Figure Training()
    {
        var random = new Random(11);
        double[] x = [.. Enumerable.Range(1, 4000).Select(i => (double)i)];
        return new Figure("Training loss", new Axis("Step"), new Axis("Loss", "nats per token"),
            [.. new[] { "full", "half", "quarter" }.Select((name, m) => new LineSeries(name, x, [.. x.Select(i => 1.5 + 0.2 * m + 6.5 / Math.Pow(i, 0.45) + 0.25 * (random.NextDouble() - 0.5))]) { Smoothing = 50 })])
        { Subtitle = "pale: every step; strong: moving average over 50 steps" };
    }

    public static Figure Steps() => new("Learning rate", new Axis("Step"), new Axis("Learning rate") { Scale = AxisScale.Logarithmic },
        [new LineSeries("schedule", [0, 1000, 2000, 3000, 4000], [3e-3, 1e-3, 3e-4, 1e-4, 1e-5]) { Steps = true }]);

    public static Figure NamedPoints() => new("Cost against loss", new Axis("Loss", "nats per token"), new Axis("Cost", "nats per token"),
        [new ScatterSeries("ways", [2.1, 2.12, 2.11, 2.5, 3, 2.115], [0.1, 0.1, 0.11, 0, -0.2, 0.105]) { PointNames = ["one", "two of them", "three", "four", "at the edge", "a crowd"], NamesShown = true }])
    {
        ReferenceLines = [new("none", 0)],
    };

    public static Figure Differences() => new("Difference at every budget", new Axis("Budget") { Categories = ["a quarter", "a half", "the whole"] }, new Axis("Difference"),
        [.. Methods.Select((name, m) => new LineSeries(name, [0, 1, 2], [0.1 * m, 0.2, -0.1]) { Lower = [-0.1, 0.1, -0.2], Upper = [0.4, 0.3, 0.2], Intervals = IntervalMark.ErrorBars })]);
}
