using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Cli.Commands;

/// <summary><c>profile</c>: measures a latency table on this machine.</summary>
internal sealed class ProfileCommand : VerbCommand
{
    private readonly ModelArgument model = new("family", required: true);
    private readonly Option<string> file = new("--out") { Description = "The table's file; latency.json inside the family is found by later verbs without being named, and decode.json by `generate --latency`.", HelpName = "file", Required = true };
    private readonly Option<bool> decode = new("--decode") { Description = "Measure as `generate` runs on the CPU: on the decode engine, several sequences at once with --batch." };
    private readonly Option<WeightFormat> weights = WeightsOption.Create();
    private readonly Option<int?> batch = new("--batch") { Description = "Sequences at once [default: 8, with --decode 1].", HelpName = "n" };
    private readonly Option<int?> prompt = new("--prompt-tokens") { Description = "Tokens of each prompt [default: 256, or the context; with --decode 64].", HelpName = "n" };
    private readonly Option<int?> generated = new("--generated-tokens") { Description = "Decode steps after the prompt [default: 0, with --decode 32].", HelpName = "n" };
    private readonly Option<double> seconds = new("--seconds") { Description = "Time spent on measuring; the check takes as long again.", HelpName = "s", DefaultValueFactory = _ => 8 };
    private readonly Option<int> check = new("--check") { Description = "Held-out sub-networks that the table is checked on.", HelpName = "n", DefaultValueFactory = _ => 30 };

    public ProfileCommand() : base(
        "profile", "Measures a latency table on this machine and checks it on held-out sub-networks.",
        "The table is keyed by device, dtype, threads, engine and workload, and refused elsewhere (FLEXTRON, section 3.3).",
        "profile my-family --out my-family/latency.json",
        "profile my-family --decode --out my-family/decode.json",
        "profile my-family --decode --weights int8 --prompt-tokens 32 --generated-tokens 64 --out decode-int8.json",
        "profile my-family --decode --batch 8 --out decode-8.json",
        "profile my-mixture --decode --out my-mixture/mixture-latency.json")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[file, decode, weights, batch, prompt, generated, seconds, check]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        if (context.Get(check) < 3) throw new FlextronException($"A check on {context.Get(check)} sub-networks says nothing: give --check 3 or more.");
        if (context.Given(weights) && !context.Get(decode)) throw new FlextronException("--weights says how the decode engine holds the weights: give it with --decode.");
        using LoadedModel loaded = model.Load(context, mixtures: true);
        LatencyWorkload workload = Workload(loaded.Model.Config, context);
        ProfileSettings settings = new ProfileSettings { Seconds = context.Get(seconds), Seed = context.Seed }.Validated();
        if (loaded.Mixture is { } mixture)
        {
            if (!context.Get(decode)) throw new FlextronException("What a Mixture-of-Depths model saves shows token by token, as it generates: add --decode.");
            return MixtureProfile.Run(mixture, loaded.Family.Path, context.Get(weights), workload, settings, context.Get(check), context.Get(file), context);
        }
        using DecodeEngine? engine = context.Get(decode) ? new DecodeEngine(loaded.Model, context.Get(weights)) : null;
        using IWorkloadRunner runner = engine is null
            ? new TorchWorkloadRunner(loaded.Model, workload, settings.Seed) : new EngineWorkloadRunner(engine, loaded.Model, workload, settings.Seed);
        LatencyTable table = LatencyProfiler.Profile(runner, loaded.Family.Space, settings, context, context.Cancellation);
        table = table with { HeldOut = TableHonesty.Check(table, runner, loaded.Family.Space, context.Get(check), context.Seed + 1, settings, context, context.Cancellation) };
        table.Save(context.Get(file));
        HonestyReport honesty = table.HeldOut!;
        var json = new
        {
            key = table.Key, fullMs = table.FullMs(), smallestMs = table.Predict(loaded.Family.Space.Smallest), fixedMs = table.FixedMs,
            prefillMs = table.PrefillCosts().Cost(loaded.Family.Space.Largest),
            decodeStepMs = workload.GeneratedTokens > 0 ? table.DecodeStepCosts().Cost(loaded.Family.Space.Largest) : (double?)null,
            heldOutError = HonestyJson.Of(honesty),
            attention = table.Attention.Select(Row), mlp = table.Mlp.Select(Row),
            narrower = table.Narrower?.Select(t => new { width = t.ResidualWidth, fullMs = t.FullMs(), fixedMs = t.FixedMs, attention = t.Attention.Select(Row), mlp = t.Mlp.Select(Row) }),
            @out = context.Get(file),
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["part", "width", "prompt, ms per block", "decode step, ms per block"],
                table.Attention.Select(e => ("attention, groups", e)).Concat(table.Mlp.Select(e => ("MLP, neurons", e)))
                    .Select(p => new[] { p.Item1, p.e.Width.ToString(c), p.e.PrefillMs.ToString("0.0000", c), workload.GeneratedTokens > 0 ? p.e.StepMs.ToString("0.0000", c) : "" }));
            writer.WriteLine(string.Create(c, $"whole network {json.fullMs:0.000} ms, smallest {json.smallestMs:0.000} ms, fixed part {json.fixedMs:0.000} ms ({table.Key.Engine} on the {table.Key.Device}, batch {workload.Batch}, {workload.PromptTokens} + {workload.GeneratedTokens} tokens)"));
            foreach (LatencyTable narrow in table.Narrower ?? []) writer.WriteLine(string.Create(c, $"all blocks with a residual stream of {narrow.ResidualWidth} channels {narrow.FullMs():0.000} ms"));
            HonestyJson.Write(writer, honesty, "sub-networks");
        });
    }

    private LatencyWorkload Workload(ModelConfig config, CommandContext context)
    {
        LatencyWorkload usual = context.Get(decode) ? LatencyWorkload.Decoding(config) : LatencyWorkload.For(config);
        int tokens = context.Get(prompt) is { } given && context.Get(generated) is null ? Math.Min(usual.GeneratedTokens, Math.Max(0, config.ContextLength - given))
            : context.Get(generated) ?? usual.GeneratedTokens;
        return new LatencyWorkload(
            context.Get(batch) ?? usual.Batch, context.Get(prompt) ?? Math.Max(1, Math.Min(usual.PromptTokens, config.ContextLength - tokens)), tokens);
    }

    private static object Row(LatencyEntry entry) => new { width = entry.Width, ms = entry.CostMs, prefillMs = entry.PrefillMs, decodeStepMs = entry.StepMs };
}
