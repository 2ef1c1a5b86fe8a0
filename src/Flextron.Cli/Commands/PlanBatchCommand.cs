using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Latency;
using Flextron.Planning;
using Flextron.Storage;

namespace Flextron.Cli.Commands;

/// <summary><c>plan batch</c>: which requests to serve together, and with which sub-network.</summary>
internal sealed class PlanBatchCommand : VerbCommand
{
    private readonly ModelArgument model = new("family", required: true);
    private readonly Option<string> requests = new("--requests") { Description = "JSON file: [{\"name\":\"a\",\"promptTokens\":20,\"generatedTokens\":30,\"deadlineMs\":500,\"maximumLoss\":3.2,\"value\":1}, …]; the last two may be left out.", HelpName = "file", Required = true };
    private readonly Option<string[]> tables = new("--tables") { Description = "Latency tables measured with --generated-tokens, each with another --batch.", HelpName = "file,…", Required = true, AllowMultipleArgumentsPerToken = true };
    private readonly Option<string> memory = new("--memory") { Description = "For weights and KV cache together, such as 300MB.", HelpName = "size", Required = true };
    private readonly Option<string[]> budgets = new("--budgets") { Description = "Sub-networks to choose from.", HelpName = "budget,…", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => ["full", "uniform:0.5", "uniform:0.25"] };

    public PlanBatchCommand() : base(
        "batch", "Chooses the batch of requests that is worth most, and the sub-network that serves it.",
        "Exact search with pruning within memory, deadlines and required quality (after DFTSP, arXiv 2405.07140), over measured costs. A request's maximumLoss is compared with the loss that the family's sensitivities predict.",
        "plan batch my-family --requests waiting.json --tables one.json,eight.json --memory 300MB",
        "plan batch my-family --requests waiting.json --tables eight.json --memory 50MB --budgets full,uniform:0.75,uniform:0.5 --json")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[requests, tables, memory, budgets]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        BatchRequest[] waiting = FlextronJson.ReadFile<BatchRequest[]>(context.Get(requests), "list of requests");
        if (waiting.Length == 0 || waiting.Any(r => r is null || string.IsNullOrEmpty(r.Name))) throw new FlextronException($"{context.Get(requests)} must list at least one request, each with a name.");
        if (waiting.GroupBy(r => r.Name).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new FlextronException($"{context.Get(requests)} names '{twice.Key}' twice: give every request a name of its own.");
        double bytes = MemorySize.Parse(context.Get(memory));
        using LoadedModel loaded = model.Load(context);
        LatencyTable[] measured = [.. Words(context.Get(tables)).Select(t => LatencyTable.Load(t))];
        foreach (LatencyTable table in measured) table.RequireMatch(table.Key.Here(loaded.Model));
        ServedNetwork[] networks = [.. Words(context.Get(budgets)).Select(b =>
        {
            var network = BudgetArgument.Resolve(b, loaded.Bundle);
            return ServedNetwork.Of(b, loaded.Model.Config, network, measured, (int)loaded.Model.Weights.Flat.element_size(), loaded.Bundle.Selector.Describe(network, AnalyticCosts.Parameters(loaded.Model.Config)).PredictedLoss);
        })];
        BatchPlan plan = BatchPlanner.Plan(waiting, networks, bytes);
        return new VerbResult(plan, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            writer.WriteLine(plan.Network is null
                ? "none of the requests can be served within its deadline, quality and the memory"
                : string.Create(c, $"{plan.Network} serves {plan.Requests.Count} of {waiting.Length}: {string.Join(", ", plan.Requests)}"));
            if (plan.Network is not null)
                writer.WriteLine(string.Create(c, $"prompts padded to {plan.PaddedPromptTokens} tokens are read after {plan.PromptMs:0.0} ms, the last token is there after {plan.CompletionMs:0.0} ms; {plan.Bytes / 1e6:0.0} MB of {bytes / 1e6:0.0} MB"));
            writer.WriteLine(string.Create(c, $"{plan.Nodes} search nodes{(plan.IsOptimal ? ", the best there is" : ", the search's limit: there may be a better one")}"));
        });
    }

    private static IEnumerable<string> Words(IEnumerable<string> values) => values.SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
