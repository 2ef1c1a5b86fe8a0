using System.Diagnostics;
using Flextron.Data;
using Flextron.Progress;
using Flextron.Training;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.MixtureOfDepths;

/// <summary>
/// Trains the predictors of a finished model alone (arXiv 2404.02258, section 3.5: a stop-gradient lies in front of them). Network and routers stay as they
/// are to the last bit, so the decisions that are predicted no longer move, as they do while all learn together.
/// </summary>
public sealed class PredictorTraining : IResumableTraining, IDisposable
{
    private readonly MixtureModel mixture;
    private readonly SideParameters side;
    private readonly DepthRouters gradients;
    private readonly DepthRouter[] leaves;

    /// <summary>Prepares a run; nothing is trained yet.</summary>
    /// <param name="mixture">Its predictors are trained in place.</param>
    /// <param name="settings">Steps, batches, rate and seed; a step is one forward pass.</param>
    /// <exception cref="FlextronException">A setting is outside its range.</exception>
    public PredictorTraining(MixtureModel mixture, JointTrainingSettings settings)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(settings);
        (this.mixture, Settings) = (mixture, settings.Validated());
        Monitor = new LossMonitor(settings.SpikeTolerance);
        side = new SideParameters("depthRouters", mixture.Routers.Flat, settings);
        gradients = mixture.Routers.Over(side.Gradient.alias().DetachFromDisposeScope());
        leaves = [.. mixture.Routers.Trainable(gradients)];
    }

    /// <inheritdoc/>
    public JointTrainingSettings Settings { get; }

    /// <inheritdoc/>
    public ScalarType Compute => ScalarType.Float32;

    /// <inheritdoc/>
    public int StepsDone { get; private set; }

    /// <summary>Routers and predictors with the moments of both.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> State => side.State;

    /// <inheritdoc/>
    public LossMonitor Monitor { get; }

    /// <inheritdoc/>
    public IWeightFreeze? Freeze => null;

    /// <inheritdoc/>
    public void GoOnAfter(int steps)
    {
        side.Gradient.zero_();
        StepsDone = steps;
    }

    /// <summary>Trains until the settings' last step.</summary>
    /// <param name="corpus">Text; windows come in another order than in a training of the network with the same seed.</param>
    /// <param name="onStep">Called after every step; its loss is the binary cross-entropy, nats per decision.</param>
    /// <param name="progress">Reports steps.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="FlextronException">The corpus is shorter than a window, or training diverged.</exception>
    public void Run(TokenCorpus corpus, Action<TrainingStep>? onStep = null, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        int length = Math.Min(Settings.SequenceLength, mixture.Model.Config.ContextLength);
        var windows = new WindowSampler(corpus, length, unchecked((long)Seeds.Mix(Settings.Seed, "predictors alone")));
        LearningRateSchedule schedule = LearningRateSchedule.Of(Settings);
        ITokenSelector top = TopTokens.ByRouter(mixture.Settings);
        while (StepsDone < Settings.Steps)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            long start = Stopwatch.GetTimestamp();
            double rate = schedule.At(StepsDone), loss = Loss(windows.Batch(StepsDone, Settings.BatchSize).Input_BT.to(mixture.Model.Device), top);
            Monitor.Take(StepsDone + 1, loss);
            // The router's own weights have no gradient here, and side parameters no decay: they stay.
            double norm = side.Step(StepsDone, rate);
            StepsDone++;
            onStep?.Invoke(new TrainingStep(StepsDone, loss, rate, norm, (long)StepsDone * Settings.BatchSize * length, Stopwatch.GetElapsedTime(start).TotalSeconds, HeldOut: null));
            progress?.Report(new StageProgress("training the predictors", StepsDone, Settings.Steps));
        }
    }

    private double Loss(Tensor ids_BT, ITokenSelector top)
    {
        var readings = new List<RouterReading>();
        using (no_grad()) mixture.Forward(ids_BT, top, readings: readings);
        Tensor loss = RouterReading.Loss([.. readings.Zip(leaves, (r, leaf) => r.For(leaf))], CausalSampler.Predictor);
        loss.backward();
        return loss.item<float>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor leaf in leaves.SelectMany(r => r.Named()).Select(n => n.Tensor)) leaf.Dispose();
        gradients.Dispose();
        side.Dispose();
    }
}
