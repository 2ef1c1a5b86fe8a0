using Flextron.Routing;
using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>The numbers behind the report, as tables and as the run's summary.</summary>
internal static class RoutingComparisonTables
{
    public static void Write(ExperimentRun run, RoutingComparisonResults results)
    {
        run.WriteTable("selections", ["seed", "way", "target_ms", "table_ms", "measured_ms", "loss", "loss_se", "accuracy", "network"],
            results.Choices.SelectMany((c, s) => c.Selections.Select(p => (IReadOnlyList<object?>)[results.Seeds[s], p.Way, p.TargetMs, p.CostMs, results.Ms(p.Network), p.Loss.Mean, p.Loss.StandardError, p.Loss.Accuracy, p.Network.ToString()])));
        run.WriteTable("uniform-curve", ["seed", "target_ms", "table_ms", "measured_ms", "loss", "loss_se", "network"],
            results.Choices.SelectMany((c, s) => c.UniformCurve.Select(p => (IReadOnlyList<object?>)[results.Seeds[s], p.TargetMs, p.CostMs, results.Ms(p.Network), p.Loss.Mean, p.Loss.StandardError, p.Network.ToString()])));
        run.WriteTable("random-targets", ["target_ms", "table_ms", "measured_ms", "network"],
            results.RandomTargets.Select(r => (IReadOnlyList<object?>)[r.Target.TargetMs, r.Target.CostMs, r.MeasuredMs, r.Target.Network.ToString()]));
        run.WriteTable("methods", ["seed", "method", "lm_flop", "seconds", "share", "table_ms", "loss", "loss_se", "network"],
            results.Routers.SelectMany((all, s) => all.SelectMany(o => o.Points.Select(p => (IReadOnlyList<object?>)[results.Seeds[s], o.Method.ToString(), o.LmOperations, o.Seconds, p.Share, p.CostMs, p.Loss.Mean, p.Loss.StandardError, p.Network.ToString()]))));
        run.WriteTable("dynamic", ["seed", "method", "joint", "keeping", "lm_flop", "seconds", "target_ms", "counted_ms", "realised_ms", "worst_ratio", "sequences", "loss", "loss_se", "accuracy"],
            results.Dynamic.SelectMany((all, s) => all.SelectMany(o => o.Points.Select(p => (IReadOnlyList<object?>)[results.Seeds[s], o.Arm.Method.ToString(), o.Arm.Joint, o.Arm.Keeping.ToString(), o.Report.LmOperations, o.Seconds, p.TargetMs, p.MeanCostMs,
                results.RealisedMs(s, o.Arm, p.Share), p.WorstRatio, p.Sequences, p.Loss.Mean, p.Loss.StandardError, p.Loss.Accuracy]))));
        Summary(run, results);
    }

    /// <summary>Random targets: all, within their target by the table, at most 5 % over it measured, within 5 % of it on either side.</summary>
    public static (int All, int Kept, int Over, int Near) Targets(RoutingComparisonResults results)
    {
        IReadOnlyList<(RandomTarget Target, double MeasuredMs)> all = results.RandomTargets;
        return (all.Count, all.Count(r => r.Target.CostMs <= r.Target.TargetMs), all.Count(r => r.MeasuredMs <= 1.05 * r.Target.TargetMs),
            all.Count(r => Math.Abs(r.MeasuredMs / r.Target.TargetMs - 1) <= 0.05));
    }

    private static void Summary(ExperimentRun run, RoutingComparisonResults results)
    {
        // Every choice here is made by the measured table.
        run.MarkMeasured("*");
        run.Summarize("latency.medianError", results.Table.HeldOut!.MedianError);
        run.Summarize("latency.error95", results.Table.HeldOut!.Error95);
        run.Summarize("latency.spearman", results.Table.HeldOut!.Spearman);
        run.Summarize("surrogate.spearman", RoutingComparisonResults.OverSeeds(results.Routers.Select(r => r.Single(o => o.Method == RoutingMethod.Surrogate).Surrogate!.Spearman).ToArray()));
        foreach (string control in ChosenNetwork.Controls) Differences(run, $"router-{control.Replace(' ', '-')}", results.Against(control));
        foreach (DynamicArm arm in results.Arms)
        {
            (LossEstimate[][] counted, LossEstimate[][] realised) = results.DynamicAgainstStatic(arm);
            Differences(run, $"dynamic-static.counted.{arm.Name}", counted);
            Differences(run, $"dynamic-static.realised.{arm.Name}", realised);
        }
        (int all, int kept, int over, int near) = Targets(results);
        run.Summarize("targets.withinByTable", kept / (double)all);
        run.Summarize("targets.measuredAtMost5PercentOver", over / (double)all);
        run.Summarize("targets.measuredWithin5Percent", near / (double)all);
        run.Summarize("dynamic.worstRunningMean", results.Dynamic.Max(s => s.Max(d => d.Points.Max(p => p.WorstRatio))));
    }

    // Mean over inner targets, so that one number per seed remains.
    private static void Differences(ExperimentRun run, string name, LossEstimate[][] differences)
    {
        LossEstimate[][] inner = [.. differences.Skip(1).SkipLast(1)];
        run.Summarize(name, RoutingComparisonResults.OverSeeds(Enumerable.Range(0, inner[0].Length).Select(s => inner.Average(t => t[s].Mean)).ToArray()));
    }
}
