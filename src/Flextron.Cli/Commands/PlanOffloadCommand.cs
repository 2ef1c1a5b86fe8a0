using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Latency;
using Flextron.Planning;

namespace Flextron.Cli.Commands;

/// <summary><c>plan offload</c>: decoding with attention on another device.</summary>
internal sealed class PlanOffloadCommand : VerbCommand
{
    private readonly ModelArgument model = new("family", required: true);
    private readonly Option<string> budget = BudgetArgument.Option();
    private readonly Option<string> table = new("--table") { Description = "Latency table of the main device, measured with --generated-tokens.", HelpName = "file", Required = true };
    private readonly Option<double> local = new("--local-gbs") { Description = "What the main device reads from its memory, GB/s (see `flextron bench`).", HelpName = "x", Required = true };
    private readonly Option<double> remote = new("--remote-gbs") { Description = "What the attention device reads from its memory, GB/s.", HelpName = "x", Required = true };
    private readonly Option<double> link = new("--link-gbs") { Description = "Throughput of the link between them, GB/s.", HelpName = "x", Required = true };
    private readonly Option<double> microseconds = new("--link-us") { Description = "Time that each message takes besides, µs.", HelpName = "x", DefaultValueFactory = _ => 10 };
    private readonly Option<int> batches = new("--batches") { Description = "Batches in flight.", HelpName = "n", DefaultValueFactory = _ => 2 };
    private readonly Option<string?> localMemory = new("--local-memory") { Description = "Memory of the main device for weights and KV cache, such as 8GB; no limit where left out.", HelpName = "size" };
    private readonly Option<string?> remoteMemory = new("--remote-memory") { Description = "Memory of the attention device for the KV cache; no limit where left out.", HelpName = "size" };

    public PlanOffloadCommand() : base(
        "offload", "Estimates decoding with the attention over the KV cache on another device.",
        "A cost model (after model-attention disaggregation, arXiv 2405.01814) on a measured table: the attention's share follows from the cache's bytes and the bandwidths.",
        "plan offload my-family --table decode.json --local-gbs 30 --remote-gbs 300 --link-gbs 12",
        "plan offload my-family --budget uniform:0.5 --table decode.json --local-gbs 30 --remote-gbs 300 --link-gbs 1.2 --link-us 50 --json",
        "plan offload my-family --table decode.json --local-gbs 30 --remote-gbs 300 --link-gbs 12 --local-memory 300MB --remote-memory 2GB")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[budget, table, local, remote, link, microseconds, batches, localMemory, remoteMemory]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        var setting = new OffloadSetting
        {
            LocalGBs = context.Get(local), RemoteGBs = context.Get(remote), LinkGBs = context.Get(link), LinkMicroseconds = context.Get(microseconds), Batches = context.Get(batches),
            LocalBytes = Bytes(context.Get(localMemory)), RemoteBytes = Bytes(context.Get(remoteMemory)),
        };
        setting.Validated();
        using LoadedModel loaded = model.Load(context);
        LatencyTable measured = LatencyTable.Load(context.Get(table));
        measured.RequireMatch(measured.Key.Here(loaded.Model));
        AttentionOffload result = AttentionOffload.Of(measured, loaded.Model.Config, BudgetArgument.Resolve(context.Get(budget), loaded.Bundle), (int)loaded.Model.Weights.Flat.element_size(), setting);
        var json = new
        {
            result.LocalMs, result.RestMs, result.RemoteMs, result.LinkMs, result.SequentialMs, result.PipelinedMs, result.LocalTokensPerSecond, result.OffloadedTokensPerSecond,
            breakEvenLinkGBs = Finite(result.BreakEvenLinkGBs), localSequences = Finite(result.LocalSequences), offloadedSequences = Finite(result.OffloadedSequences), result.LocalFits, result.OffloadedFits,
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            writer.WriteLine(string.Create(c, $"a decode step here: {result.LocalMs:0.000} ms, {result.LocalTokensPerSecond:N0} tokens/s"));
            writer.WriteLine(string.Create(c, $"offloaded: main device {result.RestMs:0.000} ms, link {result.LinkMs:0.000} ms, attention device {result.RemoteMs:0.000} ms: {result.SequentialMs:0.000} ms for one batch, {result.PipelinedMs:0.000} ms between steps of {setting.Batches} batches, {result.OffloadedTokensPerSecond:N0} tokens/s"));
            writer.WriteLine(double.IsFinite(result.BreakEvenLinkGBs)
                ? string.Create(c, $"one batch alone gains by a link of more than {result.BreakEvenLinkGBs:0.###} GB/s")
                : "one batch alone gains by no link: messages take longer than the attention saves");
            if (double.IsFinite(result.LocalSequences)) writer.WriteLine(Held("the main device", result.LocalSequences, result.LocalFits, "the batch measured"));
            if (double.IsFinite(result.OffloadedSequences)) writer.WriteLine(Held("the attention device", result.OffloadedSequences, result.OffloadedFits, string.Create(c, $"the {setting.Batches} batches in flight")));
        });
    }

    private static double Bytes(string? size) => size is null ? double.PositiveInfinity : MemorySize.Parse(size);

    private static string Held(string device, double sequences, bool fits, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{device} holds {sequences:N0} sequences of this length: {(fits ? "enough for" : "too few for")} {what}");
}
