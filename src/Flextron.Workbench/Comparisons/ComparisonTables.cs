using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Comparisons;

/// <summary>Writes the numbers behind a comparison: every arm, seed and budget, the paired differences, and the summary.</summary>
internal static class ComparisonTables
{
    public static void Write(ExperimentRun run, ComparisonResults results)
    {
        JointComparisonSettings settings = results.Settings;
        run.WriteTable("arms", ["arm", "seed", "steps", "tokens", "flops", "seconds"],
            from arm in settings.Arms.Keys from seed in settings.Seeds let o = results.Outcome(arm, seed)
            select (IReadOnlyList<object?>)[arm, seed, o.Steps, o.Tokens, o.Flops, o.Seconds]);
        run.WriteTable("budgets", ["budget", "share", "parameters", "network"],
            results.Budgets.Select(b => (IReadOnlyList<object?>)[b.Label, b.Share, b.Parameters, b.Network.ToString()]));
        run.WriteTable("losses", ["arm", "seed", "budget", "before", "before_se_windows", "after", "after_se_windows"],
            from arm in settings.Arms.Keys from seed in settings.Seeds from budget in results.Budgets where results.Has(arm, budget)
            let before = results.Before(arm, seed, budget) let after = results.After(arm, seed, budget)
            select (IReadOnlyList<object?>)[arm, seed, budget.Label, before?.Mean, before?.StandardError, after.Mean, after.StandardError]);
        run.WriteTable("differences", ["comparison", "arm", "minus", "budget", "difference", "low", "high", "se_windows"],
            from comparison in settings.Comparisons from arm in comparison.Arms.Skip(1) from budget in results.Common(comparison.Arms)
            let first = comparison.Arms[0] let d = results.Difference(arm, first, budget)
            select (IReadOnlyList<object?>)[comparison.Name, arm, first, budget.Label, d.Value, d.Low, d.High, results.WindowError(arm, first, budget)]);
        Summary(run, results);
    }

    private static void Summary(ExperimentRun run, ComparisonResults results)
    {
        run.MarkMeasured("tables/arms.seconds");
        foreach (string arm in results.FamilyArms)
        {
            run.Summarize(results.BySeed($"whole.{arm}", s => results.After(arm, s, results.Whole).Mean));
            run.Summarize(results.BySeed($"smaller.{arm}", s => results.Smaller(arm, s)));
            if (!results.Settings.Arms[arm].Fresh) run.Summarize($"wholeChange.{arm}", results.LossChange(arm, results.Whole));
        }
        foreach (MeasuredBudget budget in results.Budgets)
        {
            run.Summarize($"before.{budget.Label}", results.LossBefore(results.Settings.Baseline, budget).Value);
            run.Summarize(results.BySeed($"after.{budget.Label}", s => results.After(results.Settings.Baseline, s, budget).Mean));
        }
    }
}
