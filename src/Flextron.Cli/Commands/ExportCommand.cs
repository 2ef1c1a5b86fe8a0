using System.CommandLine;
using System.Globalization;
using Flextron.Tokenization;
using Flextron.Cli.CommandLine;
using Flextron.Checkpoints;
using Flextron.Elastic;
using Flextron.Inference;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Cli.Commands;

/// <summary><c>export</c>: a sub-network as a model of its own.</summary>
internal sealed class ExportCommand : VerbCommand
{
    private readonly ModelArgument model = new("family", required: true);
    private readonly Option<string> budget = BudgetArgument.Option();
    private readonly Option<string> folder = new("--to") { Description = "Folder of the new model.", HelpName = "dir", Required = true };

    private readonly Option<bool> pad = new("--pad") { Description = "Fills blocks of different widths up with zeros to the largest: the same logits, without saving what was narrower." };

    private readonly Option<bool> own = new("--flextron") { Description = "Writes this program's own format where blocks have linear mixers or only some tokens pass them, which ordinary folders cannot express." };

    public ExportCommand() : base(
        "export", "Writes a sub-network as an ordinary Hugging Face folder.",
        "Blocks that are skipped are left out; the others must have the same widths, or be padded. --dtype is the element type of the file; its logits are compared with the slice's before it is put in place.",
        "export my-family --budget uniform:0.5 --to my-half",
        "export my-family --budget uniform:0.25 --to my-quarter --dtype bfloat16 --json",
        "export my-routed-family --budget 0.5 --pad --to my-half",
        "export my-elastic-mixture --budget uniform:0.5 --flextron --to my-half-mixture")
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
        using LoadedModel loaded = model.Load(context, ScalarType.Float32, mixtures: true);
        if (loaded.Mixture is not null && !context.Get(own))
            throw new FlextronException("No ordinary folder can say which tokens pass the blocks of a Mixture-of-Depths model, and tools would run it as a dense one: add --flextron for this program's own format.");
        SubNetwork network = BudgetArgument.Resolve(context.Get(budget), loaded.Bundle);
        bool padded = context.Get(pad);
        ElasticSpace space = loaded.Family.Space;
        if (!padded)
            StandaloneSlice.RequireUniform(loaded.Model.Config, network, mean => space.Uniform((double)mean.KvGroups / space.KvGroups[^1], (double)mean.Neurons / space.Neurons[^1]).Blocks[0]);
        using MixtureModel? mixture = loaded.Mixture is { } routed ? StandaloneSlice.Cut(routed, network, padded) : null;
        // The whole network is written as it stands.
        using DecoderWeights? cut = mixture is null && !network.Equals(loaded.Model.FullNetwork) ? StandaloneSlice.Cut(loaded.Model, network, padded) : null;
        DecoderWeights slice = cut ?? mixture?.Model.Weights ?? loaded.Model.Weights;
        ModelConfig config = slice.Config;
        double difference = 0;
        StagedFolder.Write(context.Get(folder), staging =>
        {
            if (mixture is not null) mixture.Save(staging, context.Dtype);
            else CheckpointWriter.Save(slice, staging, context.Get(own) ? CheckpointWriter.FolderFormat(slice.Config) : CheckpointFormat.HuggingFace, context.Dtype, padded ? network : null);
            TokenizerFiles.CopyFrom(loaded.TokenizerPath, staging);
            cut?.Dispose();
            difference = loaded.Mixture is { } whole ? Difference(whole, staging, context.Dtype, network) : ConvertCommand.Difference(loaded.Model, staging, context.Dtype, network);
        });
        var json = new
        {
            parameters = DecoderWeights.CountParameters(config), maxLogitDifference = difference, @out = context.Get(folder),
            kvGroups = config.KvGroupCount, neurons = config.NeuronCount, hiddenSize = config.HiddenSize, blocks = config.BlockCount, padded, bytes = new FileInfo(Path.Combine(context.Get(folder), SafetensorsFolder.FileName)).Length,
        };
        return new VerbResult(json, writer => writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{json.@out}: {json.parameters:N0} parameters, {json.bytes / 1e6:0.00} MB; logits differ from the slice's by at most {difference:0.0e+0}")));
    }

    // Under the decisions of the whole model: a logit that rounding moves over zero would change a decision, and with it everything behind.
    private static double Difference(MixtureModel whole, string folder, ScalarType dtype, SubNetwork network)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using MixtureModel written = MixtureModel.Load(folder);
        int time = Math.Min(64, whole.Model.Config.ContextLength);
        Tensor ids_BT = randint(0, whole.Model.Config.VocabularySize, [1, time], ScalarType.Int64, generator: new Generator(1)).to(whole.Model.Device);
        var readings = new List<RouterReading>();
        Tensor expected_BTV = whole.Forward(ids_BT, TopTokens.ByRouter(whole.Settings), network, readings: readings);
        Tensor actual_BTV = written.Forward(ids_BT.cpu(), new GivenTokens(readings.ToDictionary(r => r.Block, r => (bool[][])[r.Selected])));
        var difference = new LogitDifference((expected_BTV.cpu() - actual_BTV).abs().max().item<float>(), expected_BTV.abs().max().item<float>());
        if (dtype == ScalarType.Float32) EquivalenceCheck.Require(difference, "The written model");
        return difference;
    }
}
