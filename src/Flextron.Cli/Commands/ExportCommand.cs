using System.CommandLine;
using System.Globalization;
using Flextron.Tokenization;
using Flextron.Cli.CommandLine;
using Flextron.Checkpoints;
using Flextron.Elastic;
using Flextron.Inference;
using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.Cli.Commands;

/// <summary><c>export</c>: a sub-network as a model of its own.</summary>
internal sealed class ExportCommand : VerbCommand
{
    private readonly ModelArgument model = new("family", required: true);
    private readonly Option<string> budget = BudgetArgument.Option();
    private readonly Option<string> folder = new("--to") { Description = "Folder of the new model.", HelpName = "dir", Required = true };

    private readonly Option<bool> pad = new("--pad") { Description = "Fills blocks of different widths up with zeros to the largest: the same logits, without saving what was narrower." };

    private readonly Option<bool> own = new("--flextron") { Description = "Writes this program's own format where blocks have linear mixers, which ordinary folders cannot express." };

    public ExportCommand() : base(
        "export", "Writes a sub-network as an ordinary Hugging Face folder.",
        "Blocks that are skipped are left out; the others must have the same widths, or be padded. --dtype is the element type of the file; its logits are compared with the slice's before it is put in place.",
        "export my-family --budget uniform:0.5 --to my-half",
        "export my-family --budget uniform:0.25 --to my-quarter --dtype bfloat16 --json",
        "export my-routed-family --budget 0.5 --pad --to my-half")
    {
        model.AddTo(this);
        budget.Required = true;
        budget.DefaultValueFactory = null;
        Options.Add(budget);
        Options.Add(folder);
        Options.Add(pad);
        Options.Add(own);
    }

    public override VerbResult Execute(CommandContext context)
    {
        StagedFolder.RequireOther(context.Get(folder), model.Path(context));
        using LoadedModel loaded = model.Load(context, ScalarType.Float32);
        SubNetwork network = BudgetArgument.Resolve(context.Get(budget), loaded.Bundle);
        bool padded = context.Get(pad);
        ElasticSpace space = loaded.Family.Space;
        if (!padded)
            StandaloneSlice.RequireUniform(loaded.Model.Config, network, mean => space.Uniform((double)mean.KvGroups / space.KvGroups[^1], (double)mean.Neurons / space.Neurons[^1]).Blocks[0]);
        using DecoderWeights slice = StandaloneSlice.Cut(loaded.Model, network, padded);
        double difference = 0;
        StagedFolder.Write(context.Get(folder), staging =>
        {
            CheckpointWriter.Save(slice, staging, context.Get(own) ? CheckpointWriter.FolderFormat(slice.Config) : CheckpointFormat.HuggingFace, context.Dtype, padded ? network : null);
            TokenizerFiles.CopyFrom(loaded.TokenizerPath, staging);
            difference = ConvertCommand.Difference(loaded.Model, staging, context.Dtype, network);
        });
        var json = new
        {
            parameters = slice.ParameterCount, maxLogitDifference = difference, @out = context.Get(folder),
            kvGroups = slice.Config.KvGroupCount, neurons = slice.Config.NeuronCount, hiddenSize = slice.Config.HiddenSize, blocks = slice.Config.BlockCount, padded, bytes = new FileInfo(Path.Combine(context.Get(folder), SafetensorsFolder.FileName)).Length,
        };
        return new VerbResult(json, writer => writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{json.@out}: {json.parameters:N0} parameters, {json.bytes / 1e6:0.00} MB; logits differ from the slice's by at most {difference:0.0e+0}")));
    }
}
