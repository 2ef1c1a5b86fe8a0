using System.CommandLine;
using System.Globalization;
using Flextron.Checkpoints;
using Flextron.Cli.CommandLine;
using Flextron.Data;
using Flextron.Dropping;
using Flextron.Importance;
using Flextron.Inference;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Selection;
using Flextron.Tokenization;
using Flextron.Training;
using TorchSharp;

namespace Flextron.Cli.Commands;

/// <summary><c>drop</c>: leaves out the parts of a model that change the residual stream least.</summary>
internal sealed class DropCommand : VerbCommand
{
    /// <summary>The file of per-block choices in the output folder, which <c>--budget</c> reads.</summary>
    public const string ChoicesName = "choices.json";

    private static readonly JointTrainingSettings Defaults = new();
    private readonly ModelArgument model = new(required: true);
    private readonly CorpusOption corpus = new("Text to measure similarities on, and to heal with");
    private readonly Option<string> folder = new("--out") { Description = "Folder of the smaller model.", HelpName = "dir", Required = true };
    private readonly Option<DropTarget> target = new("--target") { Description = "What goes: attention, mlp, block, or joint (attention and MLP parts in one ranking).", HelpName = "name", DefaultValueFactory = _ => DropTarget.Attention };
    private readonly Option<int> count = new("--count") { Description = "How many parts or blocks.", HelpName = "n", Required = true };
    private readonly Option<int> tokens = new("--tokens") { Description = "Tokens to measure on, from the start of the text.", HelpName = "n", DefaultValueFactory = _ => 65536 };
    private readonly Option<bool> pad = new("--pad") { Description = "Fills dropped parts with zeros in the file: the same logits without the saving, for tools that know no blocks without them." };
    private readonly Option<int> heal = new("--heal") { Description = "Optimiser steps of training afterwards, with the original model as a teacher.", HelpName = "n", DefaultValueFactory = _ => 0 };
    private readonly Option<int> batch = new("--batch-size") { Description = "Sequences per step.", HelpName = "n", DefaultValueFactory = _ => Defaults.BatchSize };
    private readonly Option<int> length = new("--sequence-length") { Description = "Tokens per sequence.", HelpName = "n", DefaultValueFactory = _ => Defaults.SequenceLength };
    private readonly Option<double> rate = new("--learning-rate") { Description = "Peak learning rate.", HelpName = "x", DefaultValueFactory = _ => Defaults.LearningRate };
    private readonly Option<double> distillation = new("--distillation") { Description = "Weight of the divergence from the original model, 0 to 1.", HelpName = "a", DefaultValueFactory = _ => Defaults.DistillationWeight };

    public DropCommand() : base(
        "drop", "Leaves out the attention parts, MLPs or blocks that change the residual stream least.",
        "Parts are ranked by the cosine similarity of their input and output, once (LLM-Drop, arXiv 2406.15786). Dropped blocks are layers less; a file without some of its attention or MLPs no ordinary format can express: --pad fills them with zeros. choices.json beside it is a --budget for the original.",
        "drop my-model --corpus text.txt --target block --count 2 --out my-shallower-model",
        "drop my-model --corpus text.txt --target attention --count 4 --pad --out my-model-with-less-attention",
        "drop my-model --corpus text.txt --target joint --count 6 --pad --heal 200 --out healed --json")
    {
        model.AddTo(this);
        corpus.AddTo(this);
        foreach (Option option in (Option[])[folder, target, count, tokens, pad, heal, batch, length, rate, distillation]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        string place = context.Get(folder);
        StagedFolder.RequireOther(place, model.Path(context));
        if (context.Get(heal) < 0) throw new FlextronException($"Healing for {context.Get(heal)} steps is not possible: give 0 or more.");
        if (context.Get(tokens) < 2) throw new FlextronException($"Measuring on {context.Get(tokens)} tokens is not possible: give 2 or more.");
        if (context.Get(target) is DropTarget.Attention or DropTarget.Mlp && !context.Get(pad))
            throw new FlextronException("A model without some of its attention or MLPs no ordinary checkpoint can express: add --pad to fill them with zeros, or drop whole blocks by --target block.");
        using LoadedModel loaded = model.Load(context, torch.ScalarType.Float32);
        ModelConfig config = loaded.Model.Config;
        DropPlan.RequireCount(config, context.Get(target), context.Get(count));
        JointTrainingSettings settings = new JointTrainingSettings
        {
            Steps = context.Get(heal), BatchSize = context.Get(batch), SequenceLength = context.Get(length), LearningRate = context.Get(rate), DistillationWeight = context.Get(distillation),
            Strategy = SamplingStrategy.Full, NetworksPerStep = 1, EvaluateEvery = 0, Seed = context.Seed, WarmupSteps = Math.Min(Defaults.WarmupSteps, context.Get(heal) / 5),
        }.Validated();
        int window = Math.Min(settings.SequenceLength, config.ContextLength);
        (TokenCorpus train, TokenCorpus apart) = CorpusParts.Of(loaded, corpus.Open(context), window, context.Seed, context);
        PartSimilarities similarities = PartSimilarities.Measure(loaded.Model, train, new ImportanceSettings { MaximumTokens = context.Get(tokens), WindowLength = window }, context);
        DropPlan plan = DropPlan.Of(similarities, config, context.Get(target), context.Get(count));
        // Refuses before time is spent on healing.
        StandaloneSlice.Config(config, plan.Network, context.Get(pad));
        var loss = new HeldOutLoss(apart, (int)Math.Clamp(apart.Length - 1, 1, window));
        (LossEstimate whole, LossEstimate dropped) = (loss.Of(loaded.Model, loaded.Model.FullNetwork), loss.Of(loaded.Model, plan.Network));
        LossEstimate? healed = null;
        // Without healing there is no need of the memory of an optimiser.
        if (settings.Steps > 0)
        {
            using var teacher = new DecoderModel(loaded.Model.Weights.Clone());
            using var trainer = new JointTrainer(loaded.Model, loaded.Family.Space, settings, teacher, new SingleNetwork(plan.Network));
            trainer.Run(train, progress: context, cancellation: context.Cancellation);
            healed = loss.Of(loaded.Model, plan.Network);
        }
        (long parameters, double difference) = Write(context, loaded, plan.Network, place);
        double Bytes(SubNetwork network) => AnalyticCosts.WeightAndCacheBytes(config, sizeof(float), 1, config.ContextLength).Cost(network) - AnalyticCosts.WeightAndCacheBytes(config, sizeof(float), 0, 0).Cost(network);
        var json = new
        {
            target = context.Get(target), dropped = plan.Dropped, similarities, network = plan.Network.Blocks, parameters,
            loss = new { whole = whole.Mean, dropped = dropped.Mean, healed = healed?.Mean, stderr = (healed ?? dropped).StandardError },
            computedShare = AnalyticCosts.Parameters(config).Cost(plan.Network) / AnalyticCosts.Parameters(config).Cost(loaded.Model.FullNetwork),
            cacheShare = Bytes(plan.Network) / Bytes(loaded.Model.FullNetwork), maxLogitDifference = difference, padded = context.Get(pad), healedSteps = settings.Steps, @out = place,
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["block", "attention", "MLP", "whole block", "keeps"], Enumerable.Range(0, config.BlockCount).Select(b => new[]
            {
                b.ToString(c), similarities.Attention[b].ToString("0.0000", c), similarities.Mlp[b].ToString("0.0000", c), similarities.Blocks[b].ToString("0.0000", c),
                plan.Network.Blocks[b] switch { { KvGroups: 0, Neurons: 0 } => "nothing", { KvGroups: 0 } => "MLP", { Neurons: 0 } => "attention", _ => "both" },
            }));
            writer.WriteLine(string.Create(c, $"held-out loss: whole {whole.Mean:0.0000}, dropped {dropped.Mean:0.0000}{(healed is null ? "" : string.Create(c, $", healed {healed.Mean:0.0000}"))}"));
            writer.WriteLine(string.Create(c, $"{place}: {parameters:N0} parameters, {json.computedShare:0%} of them at work, {json.cacheShare:0%} of the KV cache; logits differ from the slice's by at most {difference:0.0e+0}"));
        });
    }

    private (long Parameters, double Difference) Write(CommandContext context, LoadedModel loaded, SubNetwork network, string place)
    {
        bool padded = context.Get(pad);
        using DecoderWeights slice = StandaloneSlice.Cut(loaded.Model, network, padded);
        (long parameters, double difference) = (slice.ParameterCount, 0);
        StagedFolder.Write(place, staging =>
        {
            CheckpointWriter.Save(slice, staging, CheckpointFormat.HuggingFace, context.Dtype, padded ? network : null);
            TokenizerFiles.CopyFrom(loaded.TokenizerPath, staging);
            BudgetFile.Save(Path.Combine(staging, ChoicesName), network);
            slice.Dispose();
            difference = ConvertCommand.Difference(loaded.Model, staging, context.Dtype, network);
        });
        return (parameters, difference);
    }
}
