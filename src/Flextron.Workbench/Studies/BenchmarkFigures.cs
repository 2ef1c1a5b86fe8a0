using System.Globalization;
using Flextron.Evaluation;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Studies;

/// <summary>Figures of benchmark scores against what a network costs.</summary>
public static class BenchmarkFigures
{
    /// <summary>The accuracy, where the task has one, with the chance level; says so where guessing explains every point.</summary>
    /// <param name="task">The task's name.</param>
    /// <param name="cost">What the horizontal axis shows.</param>
    /// <param name="points">Cost and result of each network.</param>
    public static Figure? Accuracy(string task, Axis cost, IReadOnlyList<(double Cost, TaskResult Result)> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        TaskResult first = points[0].Result;
        if (!first.Metrics.ContainsKey("acc")) return null;
        bool never = first.Chance == 0 && points.All(p => p.Result.Metrics["acc"] == 0);
        bool guessing = first.Chance > 0 && points.All(p => p.Result.Intervals["acc"] is { } i && i.Low <= first.Chance && first.Chance <= i.High);
        return Curve($"Accuracy on {task} against {Lower(cost)}", "acc", "accuracy", new Axis("Accuracy") { IncludeZero = first.Chance == 0 }, cost, points) with
        {
            Subtitle = $"{Documents(first)}; bars: 95 %" + (guessing ? "; every interval contains chance: this model guesses" : never ? "; no network is ever right" : ""),
            ReferenceLines = first.Chance > 0 ? [new ReferenceLine("chance", first.Chance)] : [],
            Caption = guessing
                ? "At this size the accuracy cannot tell the networks apart: each point's interval contains the chance level. The loss on the same documents is shown beside it."
                : null,
        };
    }

    /// <summary>
    /// The loss on the same documents: for choices the margin (log-probability of the right one minus that of the best other one) as a sum and per code
    /// point, two figures since their scales differ; for last words and text the negative log-probability of the target.
    /// </summary>
    public static IReadOnlyList<(string Name, Figure Figure)> Loss(string task, Axis cost, IReadOnlyList<(double Cost, TaskResult Result)> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        TaskResult first = points[0].Result;
        var figures = new List<(string, Figure)>();
        void Add(string metric, string title, Axis axis, string? caption)
        {
            if (!first.Metrics.ContainsKey(metric)) return;
            figures.Add((metric, Curve($"{title} on {task} against {Lower(cost)}", metric, metric, axis, cost, points) with { Subtitle = $"{Documents(first)}; bars: 95 %", Caption = caption }));
        }

        Add("target_nll", "Target loss", new Axis("Negative log-probability", "nats/document"), "Summed over the tokens of the right continuation, mean over documents. Lower is better.");
        Add("margin", "Margin", new Axis("Margin", "nats"), "Log-probability of the right choice minus that of the best other one, mean over documents. Higher is better; above 0 the right one leads.");
        Add("margin_norm", "Margin per character", new Axis("Margin", "nats/character"), "The same with each choice's log-probability divided by its length in characters, so that short choices have no advantage.");
        Add("bits_per_byte", "Loss", new Axis("Loss", "bits/byte"), null);
        return figures;
    }

    private static Figure Curve(string title, string metric, string name, Axis value, Axis cost, IReadOnlyList<(double Cost, TaskResult Result)> points)
    {
        (double Cost, TaskResult Result)[] ordered = [.. points.OrderBy(p => p.Cost)];
        var line = new LineSeries(name, [.. ordered.Select(p => p.Cost)], [.. ordered.Select(p => p.Result.Metrics[metric])])
        {
            Lower = [.. ordered.Select(p => p.Result.Intervals[metric].Low)],
            Upper = [.. ordered.Select(p => p.Result.Intervals[metric].High)],
            Intervals = IntervalMark.ErrorBars,
        };
        return new Figure(title, cost, value, [line]);
    }

    private static string Documents(TaskResult result) =>
        result.Docs.ToString("N0", CultureInfo.InvariantCulture) + " documents" + (result.Shots > 0 ? $", {result.Shots} shots" : "");

    private static string Lower(Axis axis) => char.ToLowerInvariant(axis.Label[0]) + axis.Label[1..];
}
