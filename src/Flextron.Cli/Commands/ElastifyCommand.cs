using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Checkpoints;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Models;
using TorchSharp;

namespace Flextron.Cli.Commands;

/// <summary><c>elastify</c>: puts important parts first and writes the family.</summary>
internal sealed class ElastifyCommand : VerbCommand
{
    private readonly ModelArgument model = new();
    private readonly Option<string> ranking = new("--ranking") { Description = "Folder (or file) that rank wrote.", HelpName = "dir", Required = true };
    private readonly Option<string> folder = new("--out") { Description = "Folder of the family.", HelpName = "dir", Required = true };
    private readonly Option<int> steps = new("--steps") { Description = "Most choices of groups and of neurons, evenly spaced.", HelpName = "n", DefaultValueFactory = _ => 8 };
    private readonly Option<int> multiple = new("--neuron-multiple") { Description = "Evenly spaced neuron counts are rounded up to a multiple of this.", HelpName = "n", DefaultValueFactory = _ => 8 };
    private readonly Option<string?> groups = new("--groups") { Description = "Choices of key/value groups in place of even steps: numbers or shares, such as 1,2,4.", HelpName = "list" };
    private readonly Option<string?> neurons = new("--neurons") { Description = "Choices of neurons in place of even steps, such as 0.25,0.5.", HelpName = "list" };
    private readonly Option<string?> widths = new("--widths") { Description = "Also lets the residual stream be cut to these widths, such as 0.5,0.75; shares are rounded up to a multiple of 8.", HelpName = "list" };
    private readonly Option<string?> depths = new("--depths") { Description = "Also lets blocks be left out: numbers of blocks kept, such as 3,4, or shares. Needs a ranking made with --depth.", HelpName = "list" };
    private readonly Option<bool> skip = new("--skip-parts") { Description = "Also lets every block skip its attention or its MLP." };

    public ElastifyCommand() : base(
        "elastify", "Orders a model's parts by importance and writes an elastic family.",
        "The whole network still computes the same, which is checked before anything is written. The whole number is always a choice on every axis.",
        "elastify my-model --ranking my-ranking --out my-family",
        "elastify my-model --ranking my-ranking --out my-family --steps 4 --json",
        "elastify my-model --ranking my-ranking --out my-family --widths 0.5,0.75 --depths 0.5,0.75")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[ranking, folder, steps, multiple, groups, neurons, widths, depths, skip]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        string path = model.Path(context), tokenizer = model.TokenizerPath(context), target = context.Get(folder);
        if (Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(target)))
            throw new FlextronException($"{target} is the model itself: choose another folder for the family.");
        LoadedCheckpoint checkpoint = CheckpointLoader.Load(path, torch.ScalarType.Float32, context.Device);
        using var original = new DecoderModel(checkpoint.Weights.Clone());
        ElasticFamily? created = null;
        try
        {
            ImportanceScores scores = ImportanceScores.Load(context.Get(ranking), checkpoint.Config);
            created = ElasticFamily.Create(checkpoint, scores, ElasticSpace.For(checkpoint.Config, Settings(context, checkpoint.Config), scores.Depth?.Order));
        }
        finally
        {
            if (created is null) checkpoint.Dispose();
        }
        using ElasticFamily family = created;
        LogitDifference difference = EquivalenceCheck.OnRandomIds(original, original.FullNetwork, family.Model);
        EquivalenceCheck.Require(difference, "The reordered network");
        StagedFolder.Write(target, staging => family.Save(staging, tokenizer, context.Dtype));
        var json = new
        {
            maxLogitDifference = difference.Largest, @out = target,
            choices = new { kvGroups = family.Space.KvGroups, neurons = family.Space.Neurons, widths = family.Space.Widths, depths = family.Space.Depths },
            blockRanking = family.Space.BlockRanking, subNetworks = family.Space.Size,
        };
        return new VerbResult(json, writer => writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{target}: {family.Space.Size:0.###e+0} sub-networks; the whole network's logits moved by at most {difference.Largest:0.0e+0}")));
    }

    private ElasticSettings Settings(CommandContext context, ModelConfig config) => new()
    {
        Steps = context.Get(steps),
        NeuronMultiple = context.Get(multiple),
        KvGroups = WidthList.Parse("--groups", context.Get(groups), config.KvGroupCount),
        Neurons = WidthList.Parse("--neurons", context.Get(neurons), config.NeuronCount, Math.Max(1, context.Get(multiple))),
        Widths = WidthList.Parse("--widths", context.Get(widths), config.HiddenSize, 8),
        Depths = WidthList.Parse("--depths", context.Get(depths), config.BlockCount),
        SkipParts = context.Get(skip),
    };
}
