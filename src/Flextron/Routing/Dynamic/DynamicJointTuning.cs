using Flextron.Data;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Training;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Fine-tunes the LM under the choices of its dynamic routers, as <see cref="JointRouterTuning"/> does under those of static ones: teaches the routers,
/// trains the LM while they route its tokens at random targets, and teaches them again on what it has become. The whole network is trained in every step
/// beside them.
/// </summary>
public static class DynamicJointTuning
{
    /// <summary>Runs all three, or where there are no steps the first alone.</summary>
    /// <param name="model">The elastic LM, trained in place; float32.</param>
    /// <param name="start">Static routers to begin with.</param>
    /// <param name="baseline">The static network for a normalised target.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="calibration">Text that the routers are taught on.</param>
    /// <param name="train">Text that the LM is trained on.</param>
    /// <param name="routing">How routers are taught.</param>
    /// <param name="joint">How the LM is trained.</param>
    /// <param name="lossRange">Loss of the smallest minus that of the whole network, nats.</param>
    /// <param name="teacher">The frozen original, where distillation is on.</param>
    /// <param name="onStep">Called after every step.</param>
    /// <param name="progress">Reports steps.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Routers for the LM as it is now, which the caller disposes, and what teaching them the last time did.</returns>
    /// <exception cref="FlextronException">Settings or costs do not fit, or training diverged.</exception>
    public static (DynamicRouters Routers, DynamicRoutingReport Report) Run(
        DecoderModel model,
        StaticRouters start,
        Func<double, SubNetwork> baseline,
        RoutingCosts costs,
        TokenCorpus calibration,
        TokenCorpus train,
        DynamicRouterSettings routing,
        DynamicJointSettings joint,
        double lossRange,
        DecoderModel? teacher = null,
        Action<TrainingStep>? onStep = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(joint);
        joint.Validated();
        (DynamicRouters Routers, DynamicRoutingReport Report) Taught() =>
            DynamicRouterTrainer.Run(model, start, baseline, costs, calibration, routing, lossRange, progress, cancellation);
        (DynamicRouters Routers, DynamicRoutingReport Report) first = Taught();
        if (joint.Training.Steps == 0) return first;
        using (first.Routers) Tune(model, first.Routers, costs, train, joint, teacher, onStep, progress, cancellation);
        return Taught();
    }

    /// <summary>The second alone: trains the LM, the routers staying as they are.</summary>
    /// <param name="model">The elastic LM, trained in place; float32.</param>
    /// <param name="routers">Its dynamic routers, with budgets.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="train">Text.</param>
    /// <param name="joint">How.</param>
    /// <param name="teacher">The frozen original, where distillation is on.</param>
    /// <param name="onStep">Called after every step.</param>
    /// <param name="progress">Reports steps.</param>
    /// <param name="cancellation">Stops between steps.</param>
    public static void Tune(
        DecoderModel model,
        DynamicRouters routers,
        RoutingCosts costs,
        TokenCorpus train,
        DynamicJointSettings joint,
        DecoderModel? teacher = null,
        Action<TrainingStep>? onStep = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(routers);
        ArgumentNullException.ThrowIfNull(joint);
        joint.Validated();
        var source = new RoutedTokensSource(model.FullNetwork, joint.Training);
        ITokenChoices? Choices(SubNetwork network, int sequences) => source.Of(network) is not { } drawn ? null
            : new RoutedChoices(routers, costs, [.. Enumerable.Repeat(drawn.Target, sequences)], BudgetKeeping.Capacities)
            {
                Noise = joint.Temperature > 0 ? drawn.Noise : null, NoiseScale = joint.Temperature,
            };
        using var trainer = new JointTrainer(
            model, routers.Space, joint.Training, teacher, source, pass: (m, gradients) => new RoutedTokensPass(m, gradients, routers, Choices));
        trainer.Run(train, onStep: onStep, progress: progress, cancellation: cancellation);
    }
}
