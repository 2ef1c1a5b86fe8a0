using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Training;

namespace Flextron.Pretraining;

/// <summary>
/// The two-level V-cycle (Zou et al., arXiv 2404.07999, algorithm 1): train, merge to half the size, train that, take it apart, interpolate with what was
/// merged, train on. Every part has an optimiser of its own and reads text that no other part has read; the last one falls to the floor.
/// </summary>
/// <param name="settings">Of a training at full size throughout: all its steps are shared out.</param>
/// <param name="cycle">How.</param>
public sealed class VCycleTraining(JointTrainingSettings settings, VCycleSettings cycle)
{
    private readonly VCycleSettings cycle = cycle.Validated();

    /// <summary>Steps at full size, at half size, and at full size again.</summary>
    /// <exception cref="FlextronException">A part would have no step.</exception>
    public (int First, int Small, int Last) Steps
    {
        get
        {
            (int first, int small) = ((int)Math.Round(settings.Steps * cycle.FirstShare), (int)Math.Round(settings.Steps * cycle.SmallShare));
            int last = settings.Steps - first - small;
            return first > 0 && small > 0 && last > 0 ? (first, small, last)
                : throw new FlextronException($"A V-cycle of {settings.Steps} steps leaves {first}, {small} and {last} for its parts: give more tokens.");
        }
    }

    /// <summary>Trains a model in place.</summary>
    /// <param name="model">float32; its numbers of channels, groups, neurons and blocks are even.</param>
    /// <param name="train">Text.</param>
    /// <param name="heldOut">What is measured on.</param>
    /// <param name="trainPart">Carries out the parts. Everything between them is a function of what it trained, so that parts may come from checkpoints.</param>
    /// <param name="onStep">Called after every step of every part, with steps and tokens counted through.</param>
    public void Run(DecoderModel model, TokenCorpus train, HeldOutLoss heldOut, TrainPart trainPart, Action<TrainingStep>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(trainPart);
        (int first, int small, int last) = Steps;
        Coalescing.Halved(model.Config, cycle.Depth);
        Part("first", model, first, 0, falls: false);
        using (var half = new DecoderModel(Coalescing.Coalesce(model.Weights, cycle.Depth)))
        {
            Part("small", half, small, first, falls: true);
            using DecoderWeights enlarged = Coalescing.Decoalesce(half.Weights, model.Config);
            Coalescing.Interpolate(model.Weights, enlarged, cycle.Interpolation);
        }
        Part("last", model, last, first + small, falls: true);

        void Part(string name, DecoderModel trained, int steps, int before, bool falls)
        {
            long perStep = (long)settings.BatchSize * settings.BatchesPerStep * Math.Min(settings.SequenceLength, model.Config.ContextLength), start = before * perStep;
            // One id more than is read: what follows the last token.
            TokenCorpus text = train.Slice(start, Math.Min(steps * perStep + 1, train.Length - start));
            JointTrainingSettings part = settings with
            {
                Steps = steps, WarmupSteps = Math.Min(settings.WarmupSteps, Math.Max(1, steps / 10)), FloorShare = falls ? settings.FloorShare : 1,
            };
            using var trainer = new JointTrainer(trained, ElasticSpace.For(trained.Config, steps: 1), part);
            trainPart(
                name, trainer, text, heldOut, new Dictionary<string, SubNetwork> { [BaseModelPretraining.WholeLabel] = trained.FullNetwork },
                step => onStep?.Invoke(step with { Step = step.Step + before, Tokens = step.Tokens + start }));
        }
    }
}
