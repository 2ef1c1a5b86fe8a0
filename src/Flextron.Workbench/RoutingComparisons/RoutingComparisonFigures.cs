using System.Globalization;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>The figures of a comparison of ways to choose, each from its results alone.</summary>
internal static class RoutingComparisonFigures
{
    private static readonly Axis LossAxis = new("Held-out loss", "nats/token"), LatencyAxis = new("Measured latency", "ms");

    public static Figure LossAgainstLatency(RoutingComparisonResults results) => AgainstLatency(
        results, "Held-out loss against measured latency", LossAxis, losses => RoutingComparisonResults.OverSeeds(losses)) with { Subtitle = Over(results) };

    public static Figure AccuracyAgainstLatency(RoutingComparisonResults results) => AgainstLatency(
        results, "Next-token accuracy against measured latency", new Axis("Next tokens ranked first", "%"), losses => RoutingComparisonResults.OverSeeds([.. losses.Select(l => 100 * l.Accuracy ?? double.NaN)])) with
    {
        Subtitle = results.Seeds.Count == 1 ? "one seed" : Over(results),
    };

    public static Figure Differences(RoutingComparisonResults results) =>
        new("The router against controls at equal measured latency", new Axis("Latency target", "ms"), new Axis("Router's loss minus the control's", "nats/token"),
            [.. ChosenNetwork.Controls.Select(control => Differences(control, results.TargetsMs, results.Against(control)))])
        {
            Subtitle = $"{Over(results)}; below 0 the router is better",
            ReferenceLines = [new ReferenceLine("equal", 0)],
        };

    public static Figure DynamicDifferences(RoutingComparisonResults results) =>
        new("Dynamic against static routing", new Axis("Latency target", "ms"), new Axis("Dynamic loss minus static", "nats/token"),
            [.. results.Arms.SelectMany(arm =>
            {
                (LossEstimate[][] counted, LossEstimate[][] realised) = results.DynamicAgainstStatic(arm);
                return new[] { Differences($"{arm.Words}, equal counted cost", results.TargetsMs, counted), Differences($"{arm.Words}, equal realised latency", results.TargetsMs, realised) };
            })])
        {
            Subtitle = $"{Over(results)}; below 0 dynamic routing is better",
            ReferenceLines = [new ReferenceLine("equal", 0)],
        };

    public static Figure Methods(RoutingComparisonResults results)
    {
        IEnumerable<LineSeries> lines = results.Settings.Methods.Select(method => Line(Words(method), results.Settings.Targets,
            (s, t) => results.Routers[s].Single(o => o.Method == method).Points[t].CostMs, (s, t) => results.Routers[s].Single(o => o.Method == method).Points[t].Loss, results.Seeds.Count));
        return new Figure("Static routers by the way they were trained", new Axis("Latency by the table", "ms"), LossAxis, [.. lines])
        {
            Subtitle = $"{Over(results)}; before any fine-tuning, choices within the target, unrepaired",
        };
    }

    public static Figure Widths(RoutingComparisonResults results, bool attention)
    {
        ChosenNetwork[] points = results.Of(0, ChosenNetwork.Router);
        int blocks = points[0].Network.Blocks.Length;
        int Kept(BlockShape b) => attention ? b.KvGroups : b.Neurons;
        double full = points.Max(p => p.Network.Blocks.Max(Kept));
        return new Figure(attention ? "Heads kept for each latency target" : "Neurons kept for each latency target",
            new Axis("Latency target", "ms") { Categories = [.. points.Select(p => p.TargetMs.ToString("0.00", CultureInfo.InvariantCulture))] },
            new Axis("Block") { Categories = [.. Enumerable.Range(0, blocks).Select(b => b.ToString(CultureInfo.InvariantCulture))] },
            [new HeatMapSeries(attention ? "kept share of heads" : "kept share of neurons", [.. Enumerable.Range(0, blocks).Select(b => points.Select(p => Kept(p.Network.Blocks[b]) / full).ToArray())]) { Minimum = 0, Maximum = 1 }])
        {
            Subtitle = FormattableString.Invariant($"static router, seed {results.Seeds[0]}"),
        };
    }

    public static Figure RandomTargets(RoutingComparisonResults results)
    {
        IReadOnlyList<(RandomTarget Target, double MeasuredMs)> all = results.RandomTargets;
        return new Figure("Random targets, measured end to end", new Axis("Latency target", "ms"), new Axis("Measured latency over target"),
            [new ScatterSeries("selections", [.. all.Select(r => r.Target.TargetMs)], [.. all.Select(r => r.MeasuredMs / r.Target.TargetMs)]) { PointNames = [.. all.Select(r => r.Target.Network.ToString())] }])
        {
            ReferenceLines = [new ReferenceLine("target", 1), new ReferenceLine("5 % over", 1.05), new ReferenceLine("5 % under", 0.95)],
            Subtitle = $"{all.Count} targets; by the table every selection is within its target",
        };
    }

    // Every way of choosing on one figure: static ones by their networks' latency, dynamic routing by its own.
    private static Figure AgainstLatency(RoutingComparisonResults results, string title, Axis axis, Func<LossEstimate[], SummaryValue> value)
    {
        LineSeries Line(string name, Func<int, int, double> ms, Func<int, int, LossEstimate> loss)
        {
            int[] seeds = [.. Enumerable.Range(0, results.Seeds.Count)];
            return Series(name, [.. Enumerable.Range(0, results.Settings.Targets).Select(t => seeds.Average(s => ms(s, t)))],
                [.. Enumerable.Range(0, results.Settings.Targets).Select(t => value([.. seeds.Select(s => loss(s, t))]))]);
        }

        IEnumerable<LineSeries> statics = new[] { ChosenNetwork.Router }.Concat(ChosenNetwork.Controls).Select(way =>
            Line(way, (s, t) => results.Ms(results.Of(s, way)[t].Network), (s, t) => results.Of(s, way)[t].Loss));
        IEnumerable<LineSeries> dynamic = results.Arms.Where(a => a.IsCausal).Select(arm =>
            Line($"dynamic, {arm.Words}", (s, t) => results.RealisedMs(s, arm, Point(results, s, arm, t).Share), (s, t) => Point(results, s, arm, t).Loss));
        return new Figure(title, LatencyAxis, axis, [.. statics, .. dynamic])
        {
            Caption = "Every point is a mean over seeds of what one way of choosing picked for one target; latency is wall-clock time end to end, relative to the whole network run in between, in the table's milliseconds.",
        };
    }

    public static string Words(RoutingMethod method) => method switch
    {
        RoutingMethod.Surrogate => "surrogate",
        RoutingMethod.GumbelSoftmax => "Gumbel-softmax",
        _ => "straight-through",
    };

    private static DynamicPoint Point(RoutingComparisonResults results, int seed, DynamicArm arm, int target) =>
        results.Dynamic[seed].Single(d => d.Arm == arm).Points[target];

    private static LineSeries Line(string name, int targets, Func<int, int, double> x, Func<int, int, LossEstimate> loss, int seeds)
    {
        SummaryValue[] values = [.. Enumerable.Range(0, targets).Select(t => RoutingComparisonResults.OverSeeds([.. Enumerable.Range(0, seeds).Select(s => loss(s, t))]))];
        double[] at = [.. Enumerable.Range(0, targets).Select(t => Enumerable.Range(0, seeds).Average(s => x(s, t)))];
        return Series(name, at, values);
    }

    private static LineSeries Differences(string name, double[] targetsMs, LossEstimate[][] differences) =>
        Series(name, targetsMs, [.. differences.Select(RoutingComparisonResults.OverSeeds)]);

    private static LineSeries Series(string name, double[] x, SummaryValue[] values) => new(name, x, [.. values.Select(v => v.Value)])
    {
        Lower = [.. values.Select(v => v.Low ?? double.NaN)],
        Upper = [.. values.Select(v => v.High ?? double.NaN)],
        Intervals = IntervalMark.ErrorBars,
    };

    private static string Over(RoutingComparisonResults results) => results.Seeds.Count == 1
        ? "one seed; bars: 95 % over windows" : $"means over {results.Seeds.Count} seeds; bars: 95 % (t) over seeds";
}
