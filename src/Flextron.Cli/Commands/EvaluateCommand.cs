using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;
using Flextron.Latency;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Studies;

namespace Flextron.Cli.Commands;

/// <summary><c>evaluate</c>: benchmark scores of one or more sub-networks.</summary>
internal sealed class EvaluateCommand : VerbCommand
{
    private readonly ModelArgument model = new();
    private readonly Option<string> tasks = new("--tasks") { Description = $"Comma-separated: {string.Join(", ", TaskRegistry.Names)}.", HelpName = "a,b", Required = true };
    private readonly Option<string> budgets = new("--budgets") { Description = "Comma-separated budgets, scored in one pass.", HelpName = "a,b", DefaultValueFactory = _ => BudgetArgument.Full };
    private readonly Option<int?> limit = new("--limit") { Description = "Only the first so many documents in file order.", HelpName = "n" };
    private readonly Option<int> shots = new("--shots") { Description = "Worked examples before each question, in the tasks that have them (mmlu).", HelpName = "k", DefaultValueFactory = _ => 0 };
    private readonly Option<string?> data = new("--data") { Description = "The task's file or folder; else it is searched for.", HelpName = "path" };
    private readonly Option<string?> file = new("--out") { Description = "Also write the results to this JSON file, and every document's outcome beside it (…documents.jsonl), for `compare`.", HelpName = "file" };
    private readonly Option<string?> samples = new("--samples") { Description = "Also write every document's outcome with its prompts into this folder.", HelpName = "dir" };
    private readonly Option<string?> figures = new("--figures") { Description = "Also draw accuracy and loss of the budgets into this folder (SVG, CSV, HTML).", HelpName = "dir" };
    private readonly Option<bool> fresh = new("--fresh") { Description = "Compute everything, even what the cache of results knows, and keep it there." };
    private readonly Option<bool> topK = NonCausalOption.Create();

    public EvaluateCommand() : base(
        "evaluate", "Scores benchmarks by the rules of lm-evaluation-harness.",
        "Beside accuracy it gives the margin (log-probability of the right choice minus that of the best other one; margin_norm per code point) and target_nll, which still move where a small model is at chance. "
        + "Results are kept by weights, sub-network, prompts, tokens, dtype, device, shots and limit, and not computed twice; those of Mixture-of-Depths models, which are read by their causal sampler, are computed anew.",
        "evaluate my-family --tasks lambada_openai,piqa,mmlu --budgets 0.25,0.5,0.75,1.0",
        "evaluate my-family --tasks tinyworld-lambada,tinyworld-piqa --budgets uniform:0.5,full --figures curves",
        "evaluate my-model --tasks mmlu --shots 5 --limit 200 --data mmlu-folder --out scores.json")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[tasks, budgets, limit, shots, data, file, samples, figures, fresh, topK]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        EvaluationTask[] chosen = [.. Names(context.Get(tasks)).Select(TaskRegistry.Get).Distinct()];
        if (chosen.Length == 0) throw new FlextronException($"No task is named: choose from {string.Join(", ", TaskRegistry.Names)}.");
        using LoadedModel loaded = model.Load(context, mixtures: true);
        ITokenSelector? selector = NonCausalOption.Selector(loaded, context.Get(topK));
        (string Label, SubNetwork Network)[] networks = [.. Names(context.Get(budgets)).Select(b => (b, BudgetArgument.Resolve(b, loaded.Bundle)))];
        var settings = new EvaluationSettings { Limit = context.Get(limit), Shots = context.Get(shots), DataPath = context.Get(data), Seed = unchecked((int)context.Seed) };
        // Beside a task that takes examples, one that takes none is evaluated without; where none does, the first refuses them.
        bool taken = chosen.Any(task => task.MaxShots > 0);
        PreparedTask[] prepared = [.. chosen.Select(task => Evaluator.Prepare(task, loaded.Tokenizer, taken && task.MaxShots == 0 ? settings with { Shots = 0 } : settings))];
        string hash = ResultIdentity.HashOf(loaded.Model);
        SubNetwork[] distinct = [.. networks.Select(n => n.Network).Distinct()];
        var results = new List<BudgetResult>();
        foreach (PreparedTask task in prepared)
        {
            IReadOnlyList<TaskResult> scored = selector is null
                ? Evaluator.ScoreAll(task, loaded.Model, hash, distinct, context, ResultCache.OfUser(), context.Get(fresh))
                : [.. distinct.Select(n => Evaluator.Score(task, new ContinuationScorer(new MixtureLogitsModel(loaded.Mixture!, selector, n), MixtureLogitsModel.Settings), context))];
            foreach ((string label, SubNetwork network) in networks)
            {
                var result = new BudgetResult(label, scored[Array.IndexOf(distinct, network)]);
                results.Add(result);
                if (context.Get(samples) is string folder)
                    SampleWriter.Write(Path.Combine(folder, $"{task.Task.Name}-{FileName(label)}.jsonl"), result.Result, task.Documents);
            }
        }
        var json = new { results = results.Select(EvaluationFile.Node).ToArray(), mixture = NonCausalOption.Described(loaded, context.Get(topK)) };
        if (context.Get(file) is string path) EvaluationFile.Write(path, results);
        if (context.Get(figures) is string drawn) Draw(drawn, results, networks, loaded);
        return new VerbResult(json, writer => TextTable.Write(
            writer, ["task", "budget", "documents", "metric", "value", "± standard error", "chance"], results.SelectMany(r => r.Result.Metrics.Select(m => Row(r.Budget, r.Result, m)))));
    }

    // Against latency where a table of this machine is at hand, else against parameters.
    private static void Draw(string folder, List<BudgetResult> results, (string Label, SubNetwork Network)[] networks, LoadedModel loaded)
    {
        ICostTable? table = loaded.Bundle.Selector.Latency;
        ICostTable costs = table ?? AnalyticCosts.Parameters(loaded.Model.Config);
        var axis = table is null ? new Axis("Parameters") : new Axis("Latency by the table", "ms");
        Dictionary<string, double> cost = networks.ToDictionary(n => n.Label, n => costs.Cost(n.Network));
        foreach (IGrouping<string, BudgetResult> task in results.GroupBy(r => r.Result.Task))
        {
            (double, TaskResult)[] points = [.. task.Select(r => (cost[r.Budget], r.Result))];
            if (BenchmarkFigures.Accuracy(task.Key, axis, points) is { } accuracy) FigureFiles.Write(accuracy, folder, $"accuracy-{task.Key}");
            foreach ((string name, Figure figure) in BenchmarkFigures.Loss(task.Key, axis, points)) FigureFiles.Write(figure, folder, $"{name}-{task.Key}");
        }
    }

    private static string[] Row(string budget, TaskResult result, KeyValuePair<string, double> metric)
    {
        string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
        return [result.Task, budget, result.Docs.ToString(CultureInfo.InvariantCulture), metric.Key, Number(metric.Value), Number(result.Stderr[metric.Key]),
            metric.Key.StartsWith("acc", StringComparison.Ordinal) && result.Chance > 0 ? Number(result.Chance) : ""];
    }

    private static string[] Names(string list) => [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];

    private static string FileName(string budget) => string.Concat(Path.GetFileName(budget).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '-'));
}
