using System.CommandLine;
using Flextron.Training;
using TorchSharp;

namespace Flextron.Cli.CommandLine;

/// <summary>The options of every verb that trains: steps, batches, sub-networks, rate, distillation and checkpoints.</summary>
/// <param name="strategyDefault">Strategy where none is typed.</param>
/// <param name="distillationDefault">Weight of the teacher where none is typed.</param>
/// <param name="teacher">Whom the distillation follows, for its description.</param>
internal sealed class TrainingOptions(SamplingStrategy strategyDefault, double distillationDefault, string teacher)
{
    private static readonly JointTrainingSettings Defaults = new();
    private readonly Option<int> steps = new("--steps") { Description = "Optimiser steps.", HelpName = "n", DefaultValueFactory = _ => Defaults.Steps };
    private readonly Option<int> batch = new("--batch-size") { Description = "Sequences per step.", HelpName = "n", DefaultValueFactory = _ => Defaults.BatchSize };
    private readonly Option<int> length = new("--sequence-length") { Description = "Tokens per sequence.", HelpName = "n", DefaultValueFactory = _ => Defaults.SequenceLength };
    private readonly Option<SamplingStrategy> strategy = new("--strategy")
    {
        Description = "Sub-networks of a step: sandwich, random, onePerStep, fullBiased or full.", HelpName = "name", DefaultValueFactory = _ => strategyDefault,
    };
    private readonly Option<int> networks = new("--networks-per-step") { Description = "Sub-networks per step.", HelpName = "k", DefaultValueFactory = _ => Defaults.NetworksPerStep };
    private readonly Option<double> rate = new("--learning-rate") { Description = "Peak learning rate.", HelpName = "x", DefaultValueFactory = _ => Defaults.LearningRate };
    private readonly Option<int> warmup = new("--warmup-steps") { Description = "Steps of linear warm-up.", HelpName = "n", DefaultValueFactory = _ => Defaults.WarmupSteps };
    private readonly Option<double> decay = new("--weight-decay") { Description = "Decoupled weight decay.", HelpName = "x", DefaultValueFactory = _ => Defaults.WeightDecay };
    private readonly Option<double> distillation = new("--distillation") { Description = $"Weight of the divergence from the {teacher}, 0 to 1.", HelpName = "a", DefaultValueFactory = _ => distillationDefault };
    private readonly Option<int> checkpointEvery = new("--checkpoint-every") { Description = "Steps between training checkpoints; Ctrl-C writes one too.", HelpName = "n", DefaultValueFactory = _ => 100 };

    /// <summary>Adds them to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[steps, batch, length, strategy, networks, rate, warmup, decay, distillation, checkpointEvery]) command.Options.Add(option);
    }

    /// <summary>What was typed, not validated yet: a verb adds what is its own.</summary>
    /// <exception cref="FlextronException">The weights are wanted in another type than float32.</exception>
    public JointTrainingSettings Read(CommandContext context)
    {
        if (context.Dtype != torch.ScalarType.Float32)
            throw new FlextronException($"Training needs float32 weights, not {CommandLineOptions.NameOf(context.Dtype)}: leave --dtype out.");
        return new JointTrainingSettings
        {
            Steps = context.Get(steps), BatchSize = context.Get(batch), SequenceLength = context.Get(length), Strategy = context.Get(strategy),
            NetworksPerStep = context.Get(networks), LearningRate = context.Get(rate), WarmupSteps = context.Get(warmup), WeightDecay = context.Get(decay),
            DistillationWeight = context.Get(distillation), Seed = context.Seed,
        };
    }

    /// <summary>Steps between training checkpoints.</summary>
    /// <exception cref="FlextronException">Less than 1.</exception>
    public int CheckpointEvery(CommandContext context) => context.Get(checkpointEvery) is >= 1 and var every ? every
        : throw new FlextronException($"A checkpoint every {context.Get(checkpointEvery)} steps is not possible: give 1 or more.");
}
