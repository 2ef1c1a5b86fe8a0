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
    private readonly Option<int> widths = new("--widths") { Description = "Most choices per axis, evenly spaced.", HelpName = "n", DefaultValueFactory = _ => 8 };

    public ElastifyCommand() : base(
        "elastify", "Orders a model's parts by importance and writes an elastic family.",
        "The whole network still computes the same, which is checked before anything is written.",
        "elastify my-model --ranking my-ranking --out my-family",
        "elastify my-model --ranking my-ranking --out my-family --widths 4 --json")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[ranking, folder, widths]) Options.Add(option);
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
            ElasticSpace space = ElasticSpace.For(checkpoint.Config, context.Get(widths));
            created = ElasticFamily.Create(checkpoint, scores, space);
        }
        finally
        {
            if (created is null) checkpoint.Dispose();
        }
        using ElasticFamily family = created;
        double difference = EquivalenceCheck.OnRandomIds(original, original.FullNetwork, family.Model);
        EquivalenceCheck.Require(difference, "The reordered network");
        StagedFolder.Write(target, staging => family.Save(staging, tokenizer, context.Dtype));
        var json = new
        {
            maxLogitDifference = difference, @out = target, choices = new { kvGroups = family.Space.KvGroups, neurons = family.Space.Neurons }, subNetworks = family.Space.Size,
        };
        return new VerbResult(json, writer => writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{target}: {family.Space.Size:0.###e+0} sub-networks; the whole network's logits moved by at most {difference:0.0e+0}")));
    }
}
