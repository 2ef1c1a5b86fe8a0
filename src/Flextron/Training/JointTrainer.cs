using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Training;

/// <summary>
/// Joint continued-training of all sub-networks: every step trains k of them on the same text, averaging their losses so that the learning rate
/// means the same for every k (FLEXTRON, ICML 2024, section 3.2). With <see cref="SamplingStrategy.Full"/> it is ordinary training.
/// </summary>
/// <remarks>Sub-networks and data of a step are functions of the seed and the step alone: what a run needs to go on is in the training checkpoint.</remarks>
public sealed class JointTrainer : IResumableTraining, IDisposable
{
    private readonly DecoderModel model;
    private readonly DecoderModel? teacher;
    private readonly JointTrainingSettings settings;
    private readonly ISubNetworkSource source;
    private readonly IWeightFreeze? freeze;
    private readonly LearningRateSchedule schedule;
    private readonly ITrainingPass pass;
    private readonly TimeProvider clock;

    /// <summary>Prepares a run; nothing is trained yet.</summary>
    /// <param name="model">Trained in place; float32.</param>
    /// <param name="space">Legal widths.</param>
    /// <param name="settings">How.</param>
    /// <param name="teacher">The frozen original, where distillation is on.</param>
    /// <param name="source">Chooses the sub-networks of each step in place of the settings' strategy.</param>
    /// <param name="clock">Times the steps; the system's by default.</param>
    /// <param name="pass">Makes another forward and backward pass over the model, given where gradients add up; the trainer disposes it.</param>
    /// <param name="freeze">Keeps some weights as they are for a while; its state belongs into checkpoints.</param>
    public JointTrainer(
        DecoderModel model,
        ElasticSpace space,
        JointTrainingSettings settings,
        DecoderModel? teacher = null,
        ISubNetworkSource? source = null,
        TimeProvider? clock = null,
        Func<DecoderModel, DecoderWeights, ITrainingPass>? pass = null,
        IWeightFreeze? freeze = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        if (settings.DistillationWeight > 0 && teacher is null && settings.Strategy != SamplingStrategy.Full)
            throw new FlextronException("Distillation needs the original model as a teacher: pass one, or set distillationWeight to 0.");
        if (teacher is not null && teacher.Config.VocabularySize != model.Config.VocabularySize)
            throw new FlextronException($"The teacher's vocabulary of {teacher.Config.VocabularySize} is not the model's of {model.Config.VocabularySize}: distil from a model with the same tokenizer.");
        this.model = model;
        this.settings = settings;
        this.teacher = settings.DistillationWeight > 0 ? teacher : null;
        this.source = source ?? new SubNetworkSampler(space, settings.Strategy, settings.NetworksPerStep, settings.UniformShare, settings.Seed);
        this.clock = clock ?? TimeProvider.System;
        this.freeze = freeze;
        schedule = LearningRateSchedule.Of(settings);
        Compute = pass is null ? ComputeTypes.Resolve(settings.Compute, model) : ScalarType.Float32;
        Monitor = new LossMonitor(settings.SpikeTolerance);
        Optimizer = new FlatAdamW(model.Weights, settings);
        this.pass = pass?.Invoke(model, Optimizer.Gradients)
            ?? (FusedPass.Fits(model) ? new FusedPass(model, Optimizer.Gradients, Compute) : new ComposedPass(model, Optimizer.Gradients, freeze));
    }

    /// <summary>What is trained.</summary>
    public DecoderModel Model => model;

    /// <inheritdoc/>
    public JointTrainingSettings Settings => settings;

    /// <summary>The optimiser with its moments, for checkpoints.</summary>
    public FlatAdamW Optimizer { get; }

    /// <inheritdoc/>
    public LossMonitor Monitor { get; }

    /// <inheritdoc/>
    public IWeightFreeze? Freeze => freeze;

    /// <inheritdoc/>
    public ScalarType Compute { get; }

    /// <summary>The weights, both moments, and what the pass trains beside them.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> State =>
        [("weights", model.Weights.Flat), ("firstMoment", Optimizer.FirstMoment), ("secondMoment", Optimizer.SecondMoment), .. pass.State];

    /// <inheritdoc/>
    public int StepsDone { get; private set; }

    /// <inheritdoc/>
    public void GoOnAfter(int steps)
    {
        Optimizer.Gradients.Flat.zero_();
        StepsDone = steps;
    }

    /// <summary>Trains until <see cref="JointTrainingSettings.Steps"/>.</summary>
    /// <param name="corpus">Training tokens.</param>
    /// <param name="heldOut">Measured every <see cref="JointTrainingSettings.EvaluateEvery"/> steps and at the end.</param>
    /// <param name="budgets">What is measured, by label.</param>
    /// <param name="onStep">Called after every step.</param>
    /// <param name="progress">Reports steps with loss, tokens per second and the last losses by budget.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="FlextronException">Training diverged (the weights are those before that step), or the corpus is of another vocabulary.</exception>
    public void Run(
        TokenCorpus corpus,
        HeldOutLoss? heldOut = null,
        IReadOnlyDictionary<string, SubNetwork>? budgets = null,
        Action<TrainingStep>? onStep = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        if (corpus.LargestId >= model.Config.VocabularySize)
            throw new FlextronException($"The corpus holds the token {corpus.LargestId}, outside the model's vocabulary of {model.Config.VocabularySize}: tokenise it with the model's tokenizer.");
        int length = Math.Min(settings.SequenceLength, model.Config.ContextLength);
        var windows = new WindowSampler(corpus, length, settings.Seed);
        long tokensPerStep = (long)settings.BatchSize * settings.BatchesPerStep * length;
        double smoothed = double.NaN, pace = double.NaN;
        string measuredText = "";
        // The weights, and what is frozen, may have been loaded since the pass was made.
        pass.WeightsChanged();
        pass.FreezeChanged();
        while (StepsDone < settings.Steps)
        {
            cancellation.ThrowIfCancellationRequested();
            long start = clock.GetTimestamp();
            (double loss, double rate, double norm) = Step(windows);
            double seconds = clock.GetElapsedTime(start).TotalSeconds;
            bool measure = heldOut is not null && budgets is not null
                && (StepsDone == settings.Steps || (settings.EvaluateEvery > 0 && StepsDone % settings.EvaluateEvery == 0));
            Dictionary<string, LossEstimate>? measured = measure ? budgets!.ToDictionary(b => b.Key, b => heldOut!.Of(model, b.Value)) : null;
            onStep?.Invoke(new TrainingStep(StepsDone, loss, rate, norm, StepsDone * tokensPerStep, seconds, measured));
            smoothed = Smooth(smoothed, loss);
            pace = Smooth(pace, tokensPerStep / Math.Max(seconds, 1e-9));
            if (measured is not null)
                measuredText = "; held-out " + string.Join(", ", measured.Select(b => string.Create(CultureInfo.InvariantCulture, $"{b.Key} {b.Value.Mean:0.000}")));
            progress?.Report(new StageProgress(
                "training", StepsDone, settings.Steps, string.Create(CultureInfo.InvariantCulture, $"loss {smoothed:0.000}, {pace:N0} tokens/s{measuredText}")));
        }
    }

    // One optimiser step: k sub-networks on each batch, their gradients averaged in the optimiser's buffer.
    private (double Loss, double Rate, double Norm) Step(WindowSampler windows)
    {
        IReadOnlyList<SubNetwork> networks = source.At(StepsDone);
        double[] losses = new double[networks.Count];
        double share = 1.0 / settings.BatchesPerStep;
        for (int b = 0; b < settings.BatchesPerStep; b++)
        {
            using var scope = NewDisposeScope();
            TrainingBatch batch = Batch(windows, (long)StepsDone * settings.BatchesPerStep + b);
            for (int i = 0; i < losses.Length; i++) losses[i] += share * pass.Run(networks[i], batch, share / networks.Count);
        }
        double loss = losses.Average(), rate = schedule.At(StepsDone);
        try
        {
            Monitor.Take(StepsDone + 1, loss);
        }
        catch
        {
            // What this step added must not reach the first step of a run that goes on from a checkpoint.
            Optimizer.Gradients.Flat.zero_();
            throw;
        }
        double norm = Optimizer.Step(StepsDone, rate, networks, freeze);
        pass.Step(StepsDone, rate);
        pass.WeightsChanged();
        source.Trained(StepsDone, losses);
        StepsDone++;
        if (freeze?.Observe(StepsDone, loss) == true) pass.FreezeChanged();
        return (loss, rate, norm);
    }

    private TrainingBatch Batch(WindowSampler windows, long index)
    {
        (Tensor input_BT, Tensor target_BT) = windows.Batch(index, settings.BatchSize);
        input_BT = input_BT.to(model.Device);
        Tensor? teacherLogProbabilities_NV = TeacherLogProbabilities(input_BT);
        return new TrainingBatch(input_BT, target_BT.to(model.Device).reshape(-1), teacherLogProbabilities_NV, teacher is null ? 0 : settings.DistillationWeight);
    }

    private Tensor? TeacherLogProbabilities(Tensor input_BT)
    {
        if (teacher is null) return null;
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor logits_NV = teacher.Forward(input_BT).reshape(-1, model.Config.VocabularySize);
        return functional.log_softmax(logits_NV.to(ScalarType.Float32), 1).MoveToOuterDisposeScope();
    }

    private static double Smooth(double mean, double value) => double.IsNaN(mean) ? value : 0.95 * mean + 0.05 * value;

    /// <inheritdoc/>
    public void Dispose()
    {
        pass.Dispose();
        Optimizer.Dispose();
    }
}
