using Flextron.Data;
using Flextron.Progress;
using Flextron.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.MixtureOfDepths;

/// <summary>
/// Trains the predictors of a finished model alone (arXiv 2404.02258, section 3.5: a stop-gradient lies in front of them). Network and routers stay as they
/// are to the last bit, so the decisions that are predicted no longer move, as they do while all learn together.
/// </summary>
/// <param name="mixture">Its predictors are trained in place.</param>
/// <param name="settings">Steps, batches, rate and seed; a step is one forward pass.</param>
public sealed class PredictorTraining(MixtureModel mixture, JointTrainingSettings settings)
{
    /// <summary>Trains.</summary>
    /// <param name="corpus">Text; windows come in another order than in a training of the network with the same seed.</param>
    /// <param name="progress">Reports steps.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Binary cross-entropy of every step, nats per decision.</returns>
    /// <exception cref="FlextronException">The corpus is shorter than a window, or training diverged.</exception>
    public IReadOnlyList<double> Run(TokenCorpus corpus, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        settings.Validated();
        var windows = new WindowSampler(corpus, Math.Min(settings.SequenceLength, mixture.Model.Config.ContextLength), unchecked((long)Seeds.Mix(settings.Seed, "predictors alone")));
        LearningRateSchedule schedule = LearningRateSchedule.Of(settings);
        ITokenSelector top = TopTokens.ByRouter(mixture.Settings);
        using var side = new SideParameters("depthRouters", mixture.Routers.Flat, settings);
        using DepthRouters gradients = mixture.Routers.Over(side.Gradient.alias().DetachFromDisposeScope());
        DepthRouter[] leaves = [.. mixture.Routers.Trainable(gradients)];
        var losses = new List<double>();
        try
        {
            for (int step = 0; step < settings.Steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                losses.Add(Step(windows.Batch(step, settings.BatchSize).Input_BT.to(mixture.Model.Device), top, leaves));
                // The router's own weights have no gradient here, and side parameters no decay: they stay.
                side.Step(step, schedule.At(step));
                progress?.Report(new StageProgress("training the predictors", step + 1, settings.Steps));
            }
        }
        finally
        {
            foreach (Tensor leaf in leaves.SelectMany(r => r.Named()).Select(n => n.Tensor)) leaf.Dispose();
        }
        return losses;
    }

    private double Step(Tensor ids_BT, ITokenSelector top, DepthRouter[] leaves)
    {
        var readings = new List<RouterReading>();
        using (no_grad()) mixture.Forward(ids_BT, top, readings: readings);
        Tensor loss = RouterReading.Loss([.. readings.Zip(leaves, (r, leaf) => r.For(leaf))], CausalSampler.Predictor);
        loss.backward();
        return loss.item<float>();
    }
}
