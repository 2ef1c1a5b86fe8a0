using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Evaluation;
using Flextron.Workbench.Experiments;

namespace Flextron.Cli.Commands;

/// <summary><c>compare</c>: two runs side by side.</summary>
internal sealed class CompareCommand : VerbCommand
{
    private readonly Argument<string> first = new("run") { Description = "Folder of a run, or a file of `evaluate --out`." };
    private readonly Argument<string> second = new("other") { Description = "Another of the same kind." };

    public CompareCommand() : base(
        "compare", "Shows how the results of two runs, or of two evaluations, differ, with intervals.",
        "Where both runs kept observations of the same seeds or the same windows of text, intervals are 95 % over paired differences; else Welch's, as if independent. Windows say nothing about other seeds. "
        + "Evaluations of the same prompts are compared document by document, by paired bootstrap; budgets of the same name are paired, or the only ones of each file.",
        "compare experiments/story656k/runs/reference experiments/story656k/runs/20260101-120000-abcdef",
        "compare before.json after.json")
    {
        Arguments.Add(first);
        Arguments.Add(second);
    }

    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        if (File.Exists(context.Get(first)) && File.Exists(context.Get(second))) return Evaluations(context);
        RunComparison comparison = RunComparison.Compare(Open(context.Get(first)), Open(context.Get(second)));
        return new VerbResult(comparison, writer => writer.WriteLine(comparison.ToMarkdown()));
    }

    private VerbResult Evaluations(CommandContext context)
    {
        IReadOnlyList<BudgetResult> a = EvaluationFile.Read(context.Get(first)), b = EvaluationFile.Read(context.Get(second));
        var compared = new List<EvaluationDifference>();
        foreach (IGrouping<string, BudgetResult> task in a.GroupBy(r => r.Result.Task))
        {
            BudgetResult[] others = [.. b.Where(r => r.Result.Task == task.Key)];
            foreach (BudgetResult one in task)
            {
                BudgetResult? other = task.Count() == 1 && others.Length == 1 ? others[0] : others.FirstOrDefault(r => r.Budget == one.Budget);
                if (other is not null)
                    compared.Add(new EvaluationDifference(task.Key, one.Budget, other.Budget, ResultComparison.Compare(one.Result, other.Result, seed: unchecked((int)context.Seed))));
            }
        }
        if (compared.Count == 0) throw new FlextronException($"{context.Get(first)} and {context.Get(second)} have no task with the same budget: evaluate both on the same tasks.");
        return new VerbResult(new { comparisons = compared }, writer => TextTable.Write(
            writer, ["task", "budget", "metric", "first", "second", "difference", "95 % interval", ""], compared.SelectMany(c => c.Metrics.Select(m => Row(c, m)))));
    }

    private static string[] Row(EvaluationDifference of, MetricDifference metric)
    {
        string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
        return [of.Task, of.BudgetA == of.BudgetB ? of.BudgetA : $"{of.BudgetA} → {of.BudgetB}", metric.Metric, Number(metric.A), Number(metric.B), Number(metric.Difference),
            $"{Number(metric.Interval.Low)} to {Number(metric.Interval.High)}", metric.Distinct ? "distinct" : ""];
    }

    private sealed record EvaluationDifference(string Task, string BudgetA, string BudgetB, IReadOnlyList<MetricDifference> Metrics);

    private static RunRecord Open(string path)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return RunRecord.IsRun(folder) ? RunRecord.Open(folder) : throw new FlextronException($"{path} is neither a run nor, with the other, a file of `flextron evaluate --out`: see `flextron list`.");
    }
}
