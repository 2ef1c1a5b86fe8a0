using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Latency;
using Flextron.Selection;

namespace Flextron.Cli.Commands;

/// <summary><c>select</c>: the sub-network for a budget.</summary>
internal sealed class SelectCommand : VerbCommand
{
    private readonly ModelArgument model = new("family");
    private readonly Option<string> budget = BudgetArgument.Option();
    private readonly Option<string?> table = new("--table") { Description = "Latency table [default: the family's own].", HelpName = "file" };
    private readonly Option<string?> file = new("--out") { Description = "Also writes the choices as a JSON file that --budget accepts.", HelpName = "file" };

    public SelectCommand() : base(
        "select", "Finds the sub-network for a budget of latency, memory or parameters.",
        "The answer always keeps the budget by the table; a budget below the smallest sub-network is refused, naming what that needs.",
        "select my-routed-family --budget 0.5",
        "select my-routed-family --budget 12ms --json",
        "select my-family --budget 300MB --out choices.json")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[budget, table, file]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        using FamilyBundle bundle = FamilyBundle.Load(model.Path(context), context.Get(table), context.Dtype, context.Device);
        SelectedNetwork chosen = bundle.Resolve(Budget.Parse(context.Get(budget) == BudgetArgument.Full ? "uniform:1" : context.Get(budget)));
        if (context.Get(file) is { } path) BudgetFile.Save(path, chosen.SubNetwork);
        var json = new
        {
            choices = chosen.SubNetwork.Blocks, width = chosen.SubNetwork.Width ?? bundle.Family.Model.Config.HiddenSize, depth = chosen.SubNetwork.Depth, predictedMs = chosen.PredictedMs, predictedLoss = chosen.PredictedLoss, parameters = chosen.Parameters, bytes = chosen.Bytes,
            cost = chosen.Cost, unit = chosen.Unit, budget = context.Get(budget),
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["block", "groups", "neurons"], chosen.SubNetwork.Blocks.Select((b, i) => new[] { i.ToString(c), b.KvGroups.ToString(c), b.Neurons.ToString(c) }));
            if (chosen.SubNetwork.Width is { } width) writer.WriteLine($"residual width {width.ToString(c)} of {bundle.Family.Model.Config.HiddenSize.ToString(c)}");
            // Rounded up: what is printed of a network may be given as a budget that gets it.
            string latency = chosen.PredictedMs is { } ms ? CostText.RoundedUp(ms, 3) + " ms" : "unknown", loss = chosen.PredictedLoss is { } nats ? nats.ToString("0.000", c) + " (layer-separable model)" : "unknown";
            writer.WriteLine($"latency {latency}, loss {loss}, {chosen.Parameters.ToString("N0", c)} parameters, {CostText.RoundedUp(chosen.Bytes / 1e6, 2)} MB with the cache of one context");
        });
    }
}
