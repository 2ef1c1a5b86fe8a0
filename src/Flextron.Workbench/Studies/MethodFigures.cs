using System.Globalization;
using Flextron.Importance;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Training;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Studies;

/// <summary>The figures of the method's stages, each from that stage's own result: for studies and notebooks alike.</summary>
public static class MethodFigures
{
    private const double Normal95 = 1.96;
    private static readonly Axis ShareAxis = new("Width of every block as a share (heads rounded to whole groups)");

    /// <summary>The axis of held-out losses.</summary>
    internal static Axis LossAxis { get; } = new("Held-out loss", "nats/token");

    /// <summary>Neuron scores of every block, most important first.</summary>
    public static Figure Importance(ImportanceScores scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        IEnumerable<LineSeries> lines = scores.Blocks.Select((block, i) =>
        {
            double[] sorted = [.. block.Neurons.OrderDescending()];
            return new LineSeries($"block {i}", [.. sorted.Select((_, r) => (r + 1.0) / sorted.Length)], [.. sorted.Select(s => s / sorted[0])]);
        });
        // A marker per neuron would be a smear: 48 points show the shape.
        return new Figure("Importance of neurons, most important first", new Axis("Rank as a share of the block"), new Axis("Score as a share of the block's largest") { IncludeZero = true },
            [.. lines.Select(l => Thinned(l, 48))])
        {
            Subtitle = $"{scores.Tokens:N0} calibration tokens",
        };
    }

    /// <summary>Scores of every block's heads as shares of the block's largest.</summary>
    public static Figure HeadImportance(ImportanceScores scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        double[][] cells = [.. scores.Blocks.Select(b => b.Heads.Select(h => h / b.Heads.Max()).ToArray())];
        return new Figure("Importance of heads", Numbered("Head", cells[0].Length), Numbered("Block", cells.Length), [new HeatMapSeries("share of the block's largest", cells) { Minimum = 0, Maximum = 1 }])
        {
            Subtitle = $"{scores.Tokens:N0} calibration tokens",
        };
    }

    /// <summary>Losses of uniform prefixes before training, under several orders of the same parts.</summary>
    public static Figure Orders(IReadOnlyList<OrderComparison> orders)
    {
        ArgumentNullException.ThrowIfNull(orders);
        double[] shares = [.. orders.Select(o => o.Share)];
        double[][] random = [.. orders.Select(o => o.Random.Select(r => r.Mean).ToArray())];
        var series = new List<FigureSeries>
        {
            Estimates("by importance", shares, [.. orders.Select(o => o.Importance)]),
            new LineSeries("checkpoint's own order", shares, [.. orders.Select(o => o.Original.Mean)]),
        };
        if (random[0].Length > 0)
            series.Add(new LineSeries($"random order ({random[0].Length} draws)", shares, [.. random.Select(r => r.Average())])
            {
                Lower = [.. random.Select(r => r.Min())], Upper = [.. random.Select(r => r.Max())], Intervals = IntervalMark.ErrorBars,
            });
        return new Figure("Prefixes before any training", ShareAxis, LossAxis, series)
        {
            Subtitle = "band: 95 % over windows; bars: smallest to largest of the random draws",
        };
    }

    /// <summary>Losses of uniform widths in several states of the weights.</summary>
    /// <param name="title">What changes between the states.</param>
    /// <param name="shares">Widths.</param>
    /// <param name="states">Losses at the widths, by name of the state.</param>
    public static Figure LossByWidth(string title, IReadOnlyList<double> shares, params (string Name, IReadOnlyList<LossEstimate> Losses)[] states)
    {
        ArgumentNullException.ThrowIfNull(states);
        return new Figure(title, ShareAxis, LossAxis, [.. states.Select(s => Estimates(s.Name, shares, s.Losses))])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture, $"bands: 95 % over {states[0].Losses[0].PerWindow.Count} windows"),
        };
    }

    /// <summary>The training loss by step.</summary>
    /// <param name="steps">Step numbers.</param>
    /// <param name="losses">The step's mean over its networks.</param>
    public static Figure TrainingCurve(IReadOnlyList<double> steps, IReadOnlyList<double> losses)
    {
        const int Smoothing = 15;
        return new Figure(
            "Joint training", new Axis("Step"), new Axis("Loss (cross-entropy and distillation)", "nats/token"), [new LineSeries("training loss, mean of the step's networks", steps, losses) { Smoothing = Smoothing }])
        {
            Subtitle = $"thin: every step's mean over its networks; thick: moving average of {Smoothing} steps",
        };
    }

    /// <summary>What a block's parts cost at each width, by the table.</summary>
    public static Figure PartLatency(LatencyTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return new Figure("What a block's parts cost", new Axis("Width as a share of the whole"), new Axis("Latency of one block", "ms") { IncludeZero = true }, [Line("attention", table.Attention), Line("MLP", table.Mlp)])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture, $"{Workload(table.Key.Workload)}; median of {table.Rounds} rounds; embedding, norm and head: {table.FixedMs:0.0} ms"),
        };

        static LineSeries Line(string name, IReadOnlyList<LatencyEntry> entries) => new(name, [.. entries.Select(e => (double)e.Width / entries[^1].Width)], [.. entries.Select(e => e.CostMs)]);
    }

    /// <summary>The table's predictions against measured whole runs of networks that it was not made from.</summary>
    public static Figure Honesty(HonestyReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return FigurePlots.PredictedVersusMeasured(
            "Latency: the table against whole runs", "latency", "ms", [.. report.Pairs.Select(p => p.PredictedMs)], [.. report.Pairs.Select(p => p.MeasuredMs)], [.. report.Pairs.Select(p => p.Network)]);
    }

    /// <summary>The kept share of every block for several networks.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="attention">Groups, or neurons.</param>
    /// <param name="axis">What tells the networks apart.</param>
    /// <param name="networks">The networks by label, of one model.</param>
    public static Figure Widths(string title, bool attention, Axis axis, IReadOnlyList<(string Label, SubNetwork Network)> networks)
    {
        ArgumentNullException.ThrowIfNull(networks);
        int blocks = networks[0].Network.Blocks.Length, full = networks.Max(p => p.Network.Blocks.Max(b => attention ? b.KvGroups : b.Neurons));
        double[][] cells = [.. Enumerable.Range(0, blocks).Select(b => networks.Select(p => (attention ? p.Network.Blocks[b].KvGroups : p.Network.Blocks[b].Neurons) / (double)full).ToArray())];
        return new Figure(title, axis with { Categories = [.. networks.Select(p => p.Label)] }, Numbered("Block", blocks),
            [new HeatMapSeries(attention ? "kept share of heads" : "kept share of neurons", cells) { Minimum = 0, Maximum = 1 }]);
    }

    /// <summary>A workload in words.</summary>
    public static string Workload(LatencyWorkload workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        return $"batch {workload.Batch}, prompt of {workload.PromptTokens} tokens, {workload.GeneratedTokens} generated";
    }

    /// <summary>A line of losses with 95 % bands over their windows.</summary>
    public static LineSeries Estimates(string name, IReadOnlyList<double> x, IReadOnlyList<LossEstimate> losses) => new(name, x, [.. losses.Select(l => l.Mean)])
    {
        Lower = [.. losses.Select(l => l.Mean - Normal95 * l.StandardError)],
        Upper = [.. losses.Select(l => l.Mean + Normal95 * l.StandardError)],
    };

    /// <summary>A bar for each loss with its 95 % interval over windows.</summary>
    public static BarSeries Bars(string name, IReadOnlyList<LossEstimate> losses) => new(name, [.. losses.Select(l => l.Mean)])
    {
        Lower = [.. losses.Select(l => l.Mean - Normal95 * l.StandardError)],
        Upper = [.. losses.Select(l => l.Mean + Normal95 * l.StandardError)],
    };

    private static Axis Numbered(string label, int count) => new(label) { Categories = [.. Enumerable.Range(0, count).Select(i => i.ToString(CultureInfo.InvariantCulture))] };

    private static LineSeries Thinned(LineSeries line, int count)
    {
        int[] kept = [.. Enumerable.Range(0, Math.Min(count, line.X.Count)).Select(i => (int)((long)i * (line.X.Count - 1) / Math.Max(1, Math.Min(count, line.X.Count) - 1)))];
        return new LineSeries(line.Name, [.. kept.Select(i => line.X[i])], [.. kept.Select(i => line.Y[i])]);
    }
}
