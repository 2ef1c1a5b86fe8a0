using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Latency;

namespace Flextron.Cli.Commands;

/// <summary><c>profile</c>: measures a latency table on this machine.</summary>
internal sealed class ProfileCommand : VerbCommand
{
    private readonly ModelArgument model = new("family", required: true);
    private readonly Option<string> file = new("--out") { Description = "The table's file; latency.json inside the family is found by later verbs without being named.", HelpName = "file", Required = true };
    private readonly Option<int?> batch = new("--batch") { Description = "Sequences at once [default: 8].", HelpName = "n" };
    private readonly Option<int?> prompt = new("--prompt-tokens") { Description = "Tokens of each prompt [default: 256, or the context].", HelpName = "n" };
    private readonly Option<int> generated = new("--generated-tokens") { Description = "Decode steps after the prompt.", HelpName = "n", DefaultValueFactory = _ => 0 };
    private readonly Option<double> seconds = new("--seconds") { Description = "Time spent on measuring; the check takes as long again.", HelpName = "s", DefaultValueFactory = _ => 8 };
    private readonly Option<int> check = new("--check") { Description = "Held-out sub-networks that the table is checked on.", HelpName = "n", DefaultValueFactory = _ => 30 };

    public ProfileCommand() : base(
        "profile", "Measures a latency table on this machine and checks it on held-out sub-networks.",
        "The table is keyed by device, dtype, threads and workload, and refused elsewhere (FLEXTRON, section 3.3).",
        "profile my-family --out my-family/latency.json",
        "profile my-family --out decode.json --batch 1 --prompt-tokens 32 --generated-tokens 64")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[file, batch, prompt, generated, seconds, check]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        if (context.Get(check) < 3) throw new FlextronException($"A check on {context.Get(check)} sub-networks says nothing: give --check 3 or more.");
        using LoadedModel loaded = model.Load(context);
        LatencyWorkload usual = LatencyWorkload.For(loaded.Model.Config);
        var workload = new LatencyWorkload(context.Get(batch) ?? usual.Batch, context.Get(prompt) ?? Math.Max(1, Math.Min(usual.PromptTokens, loaded.Model.Config.ContextLength - context.Get(generated))), context.Get(generated));
        ProfileSettings settings = new ProfileSettings { Seconds = context.Get(seconds), Seed = context.Seed }.Validated();
        LatencyTable table = LatencyProfiler.Profile(loaded.Model, loaded.Family.Space, workload, settings, context, context.Cancellation);
        table = table with { HeldOut = TableHonesty.Check(table, loaded.Model, loaded.Family.Space, context.Get(check), context.Seed + 1, settings, context) };
        table.Save(context.Get(file));
        HonestyReport honesty = table.HeldOut!;
        var json = new
        {
            key = table.Key, fullMs = table.FullMs(), smallestMs = table.Predict(loaded.Family.Space.Blockwise.Smallest), fixedMs = table.FixedMs,
            heldOutError = new { median = honesty.MedianError, p95 = honesty.Error95, bias = honesty.Bias, spearman = honesty.Spearman, networks = honesty.Pairs.Count },
            attention = table.Attention.Select(e => new { width = e.Width, ms = e.CostMs }), mlp = table.Mlp.Select(e => new { width = e.Width, ms = e.CostMs }),
            @out = context.Get(file),
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["part", "width", "ms per block"],
                table.Attention.Select(e => ("attention, groups", e)).Concat(table.Mlp.Select(e => ("MLP, neurons", e)))
                    .Select(p => new[] { p.Item1, p.e.Width.ToString(c), p.e.CostMs.ToString("0.0000", c) }));
            writer.WriteLine(string.Create(c, $"whole network {json.fullMs:0.000} ms, smallest {json.smallestMs:0.000} ms, fixed part {json.fixedMs:0.000} ms ({table.Key.Device}, batch {workload.Batch}, {workload.PromptTokens} + {workload.GeneratedTokens} tokens)"));
            writer.WriteLine(string.Create(c, $"off by {honesty.MedianError:0.0%} (median) and {honesty.Error95:0.0%} (95th percentile) on {honesty.Pairs.Count} held-out sub-networks, rank correlation {honesty.Spearman:0.000}"));
        });
    }
}
