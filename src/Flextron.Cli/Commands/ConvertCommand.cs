using System.CommandLine;
using System.Globalization;
using Flextron.Elastic;
using Flextron.Tokenization;
using Flextron.Cli.CommandLine;
using Flextron.Checkpoints;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Cli.Commands;

/// <summary><c>convert</c>: writes a model in another format.</summary>
internal sealed class ConvertCommand : VerbCommand
{
    private readonly ModelArgument model = new();
    private readonly Option<string> format = new("--to") { Description = "hf for a Hugging Face folder, llama2c for a .bin file.", HelpName = "format", Required = true };
    private readonly Option<string> place = new("--out") { Description = "Folder (hf) or file (llama2c).", HelpName = "path", Required = true };

    public ConvertCommand() : base(
        "convert", "Writes a model in another format, with its tokenizer.",
        "--dtype is the element type of the file; its logits are compared with the model's before it is put in place.",
        "convert stories260K.bin --to hf --out stories260k-hf",
        "convert my-model --to llama2c --out my-model.bin",
        "convert my-model --to hf --out my-model-bf16 --dtype bfloat16")
    {
        model.AddTo(this);
        Options.Add(format);
        Options.Add(place);
    }

    public override VerbResult Execute(CommandContext context)
    {
        CheckpointFormat target = context.Get(format) switch
        {
            "hf" => CheckpointFormat.HuggingFace,
            "llama2c" => CheckpointFormat.Llama2C,
            string other => throw new FlextronException($"There is no format '{other}': give hf or llama2c."),
        };
        string path = context.Get(place);
        if (target == CheckpointFormat.Llama2C && Directory.Exists(path)) throw new FlextronException($"{path} is a folder, and a llama2.c checkpoint is a file: add a name such as model.bin.");
        StagedFolder.RequireOther(path, model.Path(context));
        using LoadedModel loaded = model.Load(context, ScalarType.Float32);
        double difference = target == CheckpointFormat.HuggingFace ? ToFolder(loaded, path, context.Dtype) : ToFile(loaded, path, context.Dtype);
        var json = new { maxLogitDifference = difference, format = context.Get(format), @out = path, parameters = DecoderWeights.CountParameters(loaded.Model.Config) };
        return new VerbResult(json, writer => writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{path}: {json.parameters:N0} parameters; logits differ by at most {difference:0.0e+0}")));
    }

    private static double ToFolder(LoadedModel loaded, string folder, ScalarType dtype)
    {
        double difference = 0;
        StagedFolder.Write(folder, staging =>
        {
            CheckpointWriter.Save(loaded.Model.Weights, staging, CheckpointFormat.HuggingFace, dtype);
            TokenizerFiles.SaveAsHuggingFace(loaded.TokenizerPath, staging);
            difference = Difference(loaded.Model, staging, dtype);
        });
        return difference;
    }

    private static double ToFile(LoadedModel loaded, string file, ScalarType dtype)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!, name = Path.GetFileName(file);
        if (!name.EndsWith(".bin", StringComparison.Ordinal) || name == "tokenizer.bin") throw new FlextronException($"{file} cannot name a llama2.c checkpoint: give a name such as model.bin.");
        double difference = 0;
        StagedFolder.Write(folder, staging =>
        {
            string written = Path.Combine(staging, name);
            CheckpointWriter.Save(loaded.Model.Weights, written, CheckpointFormat.Llama2C, dtype);
            difference = Difference(loaded.Model, written, dtype);
            // The tokenizer goes beside it, unless that place already has one.
            if (!HasTokenizer(folder)) TokenizerFiles.SaveAsLlama2C(loaded.TokenizerPath, staging);
        });
        return difference;
    }

    private static bool HasTokenizer(string folder) =>
        ((string[])["tokenizer.json", "tokenizer.bin", "tokenizer.model"]).Any(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>
    /// How far a written model is from its source; more than rounding is refused where both are float32. The source is let go before the other is read: of a large
    /// model there is room for one.
    /// </summary>
    internal static double Difference(DecoderModel source, string written, ScalarType dtype, SubNetwork? subNetwork = null)
    {
        using Tensor expected_BTV = EquivalenceCheck.LogitsOfRandomIds(source, subNetwork ?? source.FullNetwork);
        Device device = source.Device;
        source.Dispose();
        using LoadedCheckpoint checkpoint = CheckpointLoader.Load(written, ScalarType.Float32, device);
        using var reloaded = new DecoderModel(checkpoint.Weights, ownsWeights: false);
        using Tensor found_BTV = EquivalenceCheck.LogitsOfRandomIds(reloaded, reloaded.FullNetwork);
        LogitDifference difference = EquivalenceCheck.Between(expected_BTV, found_BTV);
        if (dtype == ScalarType.Float32) EquivalenceCheck.Require(difference, "The written model");
        return difference;
    }
}
