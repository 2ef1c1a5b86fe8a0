using Flextron.Data;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Training;

namespace Flextron.Routing;

/// <summary>
/// The last phase (FLEXTRON, ICML 2024, section 4.2): the surrogate is gone, and the LM and its routers are fine-tuned together. Every step
/// draws targets, draws networks from the routers, and trains those and the whole network as <see cref="JointTrainer"/> does: real slices, no
/// masks, distillation from the original where it is on. The routers follow the score-function gradient of the same losses and the
/// differentiable latency hinge.
/// </summary>
public static class JointRouterTuning
{
    /// <summary>Fine-tunes both in place.</summary>
    /// <param name="model">The elastic LM; float32.</param>
    /// <param name="routers">Its trained routers.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="corpus">Training tokens.</param>
    /// <param name="settings">How.</param>
    /// <param name="lossScale">Unit of the loss in the routers' objective, in nats: <see cref="RoutingReport.LossScale"/>.</param>
    /// <param name="teacher">The frozen original, where distillation is on.</param>
    /// <param name="onStep">Called after every step with the LM's side.</param>
    /// <param name="onRouterStep">Called within every step with the routers' side.</param>
    /// <param name="progress">Reports steps.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="FlextronException">Settings or costs do not fit, or training diverged.</exception>
    public static void Run(
        DecoderModel model,
        StaticRouters routers,
        RoutingCosts costs,
        TokenCorpus corpus,
        JointRouterSettings settings,
        double lossScale,
        DecoderModel? teacher = null,
        Action<TrainingStep>? onStep = null,
        Action<JointRouterStep>? onRouterStep = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(routers);
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        costs.ValidatedFor(routers.Space);
        routers.Space.ValidatedFor(model.Config, "The routers");
        if (!(lossScale > 0 && double.IsFinite(lossScale))) throw new FlextronException($"The loss scale is {lossScale}: give a positive number of nats.");
        using var source = new RouterSource(routers, costs, settings, lossScale, onRouterStep);
        using var trainer = new JointTrainer(model, routers.Space, settings.Training, teacher, source);
        trainer.Run(corpus, onStep: onStep, progress: progress, cancellation: cancellation);
    }
}
