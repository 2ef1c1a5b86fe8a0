using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Data.TinyWorld;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Storage;
using Flextron.Training;

namespace Flextron.Cli.Commands;

/// <summary><c>pretrain</c>: makes the base model from a seed.</summary>
internal sealed class PretrainCommand : VerbCommand
{
    private static readonly PretrainingSettings Defaults = new();
    private readonly Option<string> folder = new("--out") { Description = "Data folder: base/ and tinyworld/ are written into it.", HelpName = "dir", Required = true };
    private readonly Option<int> tokens = new("--tokens") { Description = "Training tokens; each is read once.", HelpName = "n", DefaultValueFactory = _ => Defaults.Tokens };
    private readonly Option<int> batch = new("--batch-size") { Description = "Sequences per step.", HelpName = "n", DefaultValueFactory = _ => Defaults.BatchSize };
    private readonly Option<double> rate = new("--learning-rate") { Description = "Peak learning rate.", HelpName = "x", DefaultValueFactory = _ => Defaults.LearningRate };
    private readonly Option<int> hidden = new("--hidden-size") { Description = "Width of the residual stream.", HelpName = "n", DefaultValueFactory = _ => Defaults.HiddenSize };
    private readonly Option<int> blocks = new("--blocks") { Description = "Number of blocks.", HelpName = "n", DefaultValueFactory = _ => Defaults.BlockCount };
    private readonly Option<int> neurons = new("--neurons") { Description = "MLP neurons per block.", HelpName = "n", DefaultValueFactory = _ => Defaults.NeuronCount };
    private readonly Option<int> vocabulary = new("--vocabulary") { Description = "Size of the tokenizer trained on the same text.", HelpName = "n", DefaultValueFactory = _ => Defaults.VocabularySize };
    private readonly Option<int> characters = new("--tokenizer-characters") { Description = "Text the tokenizer is trained on.", HelpName = "n", DefaultValueFactory = _ => Defaults.TokenizerCharacters };

    private readonly Option<bool> cycle = new("--v-cycle") { Description = "Trains a part of the tokens at half size (multilevel training)." };
    private readonly Option<double> cycleFirst = new("--v-first") { Description = "With --v-cycle: share of the tokens before the model is halved.", HelpName = "x", DefaultValueFactory = _ => new VCycleSettings().FirstShare };
    private readonly Option<double> cycleSmall = new("--v-small") { Description = "With --v-cycle: share of the tokens at half size.", HelpName = "x", DefaultValueFactory = _ => new VCycleSettings().SmallShare };
    private readonly Option<double> cycleAlpha = new("--v-interpolation") { Description = "With --v-cycle: how much of the small model's training is taken over, 0 to 1.", HelpName = "a", DefaultValueFactory = _ => new VCycleSettings().Interpolation };
    private readonly Option<int> skipGroups = new("--skip-groups") { Description = "Key/value groups of every block whose heads attend to an earlier block too; 0 for none.", HelpName = "n" };
    private readonly Option<int> skipDistance = new("--skip-distance") { Description = "With --skip-groups: how many blocks earlier.", HelpName = "n", DefaultValueFactory = _ => 1 };

    public PretrainCommand() : base(
        "pretrain", "Makes the base model and the tiny world's data from nothing but a seed.",
        "Generates the text of a compact world, trains a tokenizer on it, and then the model (base/); writes the world's evaluation sets (tinyworld/).",
        "pretrain --out data",
        "pretrain --out small --tokens 1000000 --blocks 2 --neurons 128 --seed 3",
        "pretrain --out multilevel --v-cycle --v-small 0.4",
        "pretrain --out skipping --skip-groups 2 --skip-distance 2")
    {
        foreach (Option option in (Option[])[folder, tokens, batch, rate, hidden, blocks, neurons, vocabulary, characters, cycle, cycleFirst, cycleSmall, cycleAlpha, skipGroups, skipDistance]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        var settings = new PretrainingSettings
        {
            Seed = context.Seed, Tokens = context.Get(tokens), BatchSize = context.Get(batch), LearningRate = context.Get(rate), HiddenSize = context.Get(hidden),
            BlockCount = context.Get(blocks), NeuronCount = context.Get(neurons), VocabularySize = context.Get(vocabulary), TokenizerCharacters = context.Get(characters),
            VCycle = context.Get(cycle)
                ? new VCycleSettings { FirstShare = context.Get(cycleFirst), SmallShare = context.Get(cycleSmall), Interpolation = context.Get(cycleAlpha) }.Validated() : null,
            SkipLayer = context.Get(skipGroups) != 0 ? new SkipLayerAttention(context.Get(skipDistance), context.Get(skipGroups)) : null,
        };
        var curve = new List<object>();
        TrainingStep? last = null;
        string tinyWorld = Path.Combine(context.Get(folder), "tinyworld"), model = Path.Combine(context.Get(folder), "base");
        StagedFolder.Write(tinyWorld, staging => TinyWorldWriter.Write(staging, (ulong)context.Seed));
        StagedFolder.Write(model, staging =>
        {
            BaseModelPretraining.Run(staging, settings, step =>
            {
                if (step.HeldOut is { } measured) curve.Add(new { step = step.Step, tokens = step.Tokens, loss = step.Loss, heldOut = measured["full"].Mean });
                last = step;
            }, context, context.Device, context.Cancellation);
            FlextronJson.WriteFile(Path.Combine(staging, "pretraining.json"), new { settings, curve });
        });
        LossEstimate heldOut = last!.HeldOut!["full"];
        var json = new { steps = last.Step, tokens = last.Tokens, heldOutLoss = heldOut.Mean, heldOutStderr = heldOut.StandardError, model, tinyWorld };
        return new VerbResult(json, writer => writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{json.model}: {json.steps} steps on {json.tokens:N0} tokens; held-out loss {heldOut.Mean:0.0000} ± {heldOut.StandardError:0.0000}")));
    }
}
