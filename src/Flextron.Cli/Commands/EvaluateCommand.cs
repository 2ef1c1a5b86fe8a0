using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Cli.CommandLine;
using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Models;
using Flextron.Storage;

namespace Flextron.Cli.Commands;

/// <summary><c>evaluate</c>: benchmark scores of one or more sub-networks.</summary>
internal sealed class EvaluateCommand : VerbCommand
{
    private readonly ModelArgument model = new();
    private readonly Option<string> tasks = new("--tasks") { Description = $"Comma-separated: {string.Join(", ", TaskRegistry.Names)}.", HelpName = "a,b", Required = true };
    private readonly Option<string> budgets = new("--budgets") { Description = "Comma-separated budgets to evaluate one after another.", HelpName = "a,b", DefaultValueFactory = _ => BudgetArgument.Full };
    private readonly Option<int?> limit = new("--limit") { Description = "Only the first so many documents in file order.", HelpName = "n" };
    private readonly Option<int> shots = new("--shots") { Description = "Worked examples before each question (mmlu).", HelpName = "k", DefaultValueFactory = _ => 0 };
    private readonly Option<string?> data = new("--data") { Description = "The task's file or folder; else it is searched for.", HelpName = "path" };
    private readonly Option<string?> file = new("--out") { Description = "Also write the results to this JSON file.", HelpName = "file" };
    private readonly Option<string?> samples = new("--samples") { Description = "Also write every document's outcome into this folder.", HelpName = "dir" };

    public EvaluateCommand() : base(
        "evaluate", "Scores benchmarks by the rules of lm-evaluation-harness.", "",
        "evaluate my-family --tasks tinyworld-lambada,tinyworld-piqa --budgets uniform:0.5,full",
        "evaluate my-model --tasks mmlu --shots 5 --limit 200 --data mmlu-folder --out scores.json")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[tasks, budgets, limit, shots, data, file, samples]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        EvaluationTask[] chosen = [.. Names(context.Get(tasks)).Select(TaskRegistry.Get)];
        if (chosen.Length == 0) throw new FlextronException($"No task is named: choose from {string.Join(", ", TaskRegistry.Names)}.");
        using LoadedModel loaded = model.Load(context);
        (string Label, SubNetwork Network)[] networks = [.. Names(context.Get(budgets)).Select(b => (b, BudgetArgument.Resolve(b, loaded.Bundle)))];
        var settings = new EvaluationSettings { Limit = context.Get(limit), Shots = context.Get(shots), DataPath = context.Get(data) };
        PreparedTask[] prepared = [.. chosen.Select(task => Evaluator.Prepare(task, loaded.Tokenizer, settings))];
        var results = new List<(string Budget, TaskResult Result)>();
        foreach (PreparedTask task in prepared)
        {
            foreach ((string label, SubNetwork network) in networks)
            {
                TaskResult result = Evaluator.Score(task, new ContinuationScorer(new ElasticLogitsModel(loaded.Model, network)), context);
                results.Add((label, result));
                if (context.Get(samples) is string folder)
                    SampleWriter.Write(Path.Combine(folder, $"{result.Task}-{FileName(label)}.jsonl"), result, task.Documents);
            }
        }
        var json = new { results = results.Select(r => Node(r.Budget, r.Result)).ToArray() };
        if (context.Get(file) is string path) FlextronJson.WriteFile(path, json);
        return new VerbResult(json, writer => TextTable.Write(
            writer, ["task", "budget", "documents", "metric", "value", "± standard error"], results.SelectMany(r => r.Result.Metrics.Select(m => Row(r.Budget, r.Result, m)))));
    }

    private static string[] Row(string budget, TaskResult result, KeyValuePair<string, double> metric)
    {
        string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
        return [result.Task, budget, result.Docs.ToString(CultureInfo.InvariantCulture), metric.Key, Number(metric.Value), result.Stderr.TryGetValue(metric.Key, out double e) ? Number(e) : ""];
    }

    private static JsonNode Node(string budget, TaskResult result)
    {
        JsonNode node = JsonSerializer.SerializeToNode(result, FlextronJson.Compact)!;
        node["budget"] = budget;
        return node;
    }

    private static string[] Names(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string FileName(string budget) => string.Concat(Path.GetFileName(budget).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '-'));
}
