using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Flextron.Checkpoints;
using Flextron.Cli.CommandLine;
using Flextron.CrossArchitecture;
using Flextron.Elastic;
using Flextron.Mixers;
using Flextron.Models;
using Flextron.Storage;
using Flextron.Tokenization;
using Flextron.Workbench.Experiments;
using TorchSharp;

namespace Flextron.Cli.Commands;

/// <summary><c>transfer</c>: moves a Transformer's weights into a model of linear cost.</summary>
internal sealed class TransferCommand : VerbCommand
{
    private static readonly Dictionary<string, MixerKind> Mixers = new(StringComparer.Ordinal)
    {
        ["retention"] = MixerKind.Retention, ["gla"] = MixerKind.GatedLinear, ["ssd"] = MixerKind.StateSpace,
    };

    private readonly ModelArgument model = new();
    private readonly Option<string> mixer = new("--mixer") { Description = "What takes attention's place: retention, gla (gated linear attention) or ssd (state space).", HelpName = "name", Required = true };
    private readonly Option<string?> keep = new("--keep") { Description = "Blocks that keep their attention, counted from 0, such as 0,3.", HelpName = "list" };
    private readonly Option<bool> carry = new("--carry-projections") { Description = "Takes query, key and value projections over too, which have the same shapes; else they start fresh." };
    private readonly Option<bool> scratch = new("--from-scratch") { Description = "Takes nothing over: the control." };
    private readonly Option<double> scale = new("--initial-scale") { Description = "Standard deviation of fresh matrices, times the square root of their inputs.", HelpName = "x", DefaultValueFactory = _ => new TransferSettings().InitialScale };
    private readonly Option<string> folder = new("--out") { Description = "Folder of the new model.", HelpName = "dir", Required = true };

    public TransferCommand() : base(
        "transfer", "Moves a Transformer's weights into a model whose cost per token does not grow with the context.",
        "Embeddings, norms, MLPs and output projections are taken over, the mixers start fresh (XATL, arXiv 2404.02684): train the result, with what was taken over frozen at first. It is an elastic family in this program's own format.",
        "transfer embedded --mixer gla --out linear",
        "transfer my-model --mixer retention --keep 0,3 --out hybrid --json",
        "train linear --corpus stories.txt --strategy full --networks-per-step 1 --distillation 0 --freeze --out trained-linear")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[mixer, keep, carry, scratch, scale, folder]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        string name = context.Get(mixer);
        if (!Mixers.TryGetValue(name, out MixerKind kind)) throw new FlextronException($"There is no mixer '{name}': {NearestName.Suggest(name, Mixers.Keys)}");
        TransferSettings settings = new TransferSettings
        {
            Mixer = kind, Keep = Blocks(context.Get(keep)), CarryProjections = context.Get(carry), FromScratch = context.Get(scratch), InitialScale = context.Get(scale), Seed = context.Seed,
        }.Validated();
        StagedFolder.RequireOther(context.Get(folder), model.Path(context));
        using LoadedModel loaded = model.Load(context, torch.ScalarType.Float32);
        using TransferredModel result = ArchitectureTransfer.Create(loaded.Model.Weights, settings);
        StagedFolder.Write(context.Get(folder), staging =>
        {
            CheckpointWriter.Save(result.Weights, staging, CheckpointFormat.Flextron, context.Dtype);
            TokenizerFiles.CopyFrom(loaded.TokenizerPath, staging);
            string source = ContentHash.OfPath(model.Path(context));
            FlextronJson.WriteFile(Path.Combine(staging, TransferRecord.FileName), new TransferRecord(TransferRecord.CurrentFormat, source, settings, [.. result.Transferred.Order(StringComparer.Ordinal)]));
            FlextronJson.WriteFile(Path.Combine(staging, FamilyManifest.FileName), Manifest(loaded, source));
        });
        ModelConfig config = result.Weights.Config;
        var json = new
        {
            @out = context.Get(folder), mixers = config.Mixers!.Kinds, parameters = result.Weights.ParameterCount, transferredParameters = result.TransferredParameters,
            transferred = result.Transferred.Order(StringComparer.Ordinal).ToArray(),
        };
        return new VerbResult(json, writer => writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{json.@out}: {config.Mixers}; {json.parameters:N0} parameters, {(double)json.transferredParameters / json.parameters:P0} of them from the Transformer. Train it next: flextron train {json.@out} --freeze …")));
    }

    // Neurons keep the order they were ranked in; the groups of fresh mixers have none yet.
    private static FamilyManifest Manifest(LoadedModel loaded, string source) => loaded.Family.Manifest is { } ranked
        ? ranked with { Source = source, TrainedSteps = 0 }
        : new FamilyManifest(FamilyManifest.CurrentFormat, loaded.Family.Space, source, default, 0, "");

    private static ImmutableArray<int> Blocks(string? list)
    {
        if (string.IsNullOrWhiteSpace(list)) return [];
        return [.. list.Split(',', StringSplitOptions.TrimEntries).Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int block)
            ? block : throw new FlextronException($"'{word}' is not the number of a block: give --keep as numbers from 0, such as 0,3."))];
    }
}
