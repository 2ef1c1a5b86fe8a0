using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Training;

namespace Flextron.Routing;

/// <summary>Both phases of routing: static routers by any method with the LM frozen, then LM and routers together.</summary>
public static class RouterTraining
{
    /// <summary>Trains routers for a family and fine-tunes it in place.</summary>
    /// <param name="family">The jointly trained family; float32.</param>
    /// <param name="costs">What its choices cost, such as a latency table.</param>
    /// <param name="calibration">Text on which losses are taken for the routers.</param>
    /// <param name="train">Text for the joint fine-tuning.</param>
    /// <param name="settings">How.</param>
    /// <param name="teacher">The original model, where distillation is on.</param>
    /// <param name="onStep">Called after every fine-tuning step.</param>
    /// <param name="progress">Reports networks, rounds and steps.</param>
    /// <param name="cancellation">Stops between units of work.</param>
    /// <returns>The routers, which the caller disposes, and what was done.</returns>
    public static (StaticRouters Routers, RoutingReport Report) Run(
        ElasticFamily family,
        ICostTable costs,
        TokenCorpus calibration,
        TokenCorpus train,
        RouteSettings settings,
        DecoderModel? teacher,
        Action<TrainingStep>? onStep = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (StaticRouters routers, RoutingReport report) = TrainRouters(family, costs, calibration, settings, progress, cancellation);
        try
        {
            RoutingCosts choices = RoutingCosts.Of(costs, family.Space);
            JointRouterTuning.Run(family.Model, routers, choices, train, settings.Joint, report.LossScale, teacher, onStep, progress: progress, cancellation: cancellation);
            family.AddTrainedSteps(settings.Joint.Training.Steps);
            HeldOutLoss text = Losses(family, calibration, settings);
            RoutePoint Point(double target, SubNetwork network)
            {
                double cost = choices.Hard(network, routers.Space);
                return new RoutePoint(target, network, cost, choices.Normalised(cost), double.NaN, text.Of(family.Model, network).Mean);
            }

            double[] targets = [.. Enumerable.Range(0, settings.Surrogate.ReportTargets).Select(i => i / (settings.Surrogate.ReportTargets - 1.0))];
            return (routers, report with { Final = [.. targets.Zip(routers.Select(targets), Point)] });
        }
        catch
        {
            routers.Dispose();
            throw;
        }
    }

    /// <summary>The first phase alone: the LM stays as it is.</summary>
    /// <param name="family">The jointly trained family.</param>
    /// <param name="costs">What its choices cost.</param>
    /// <param name="calibration">Text on which losses are taken.</param>
    /// <param name="settings">How; <see cref="RouteSettings.Method"/> says by which method.</param>
    /// <param name="progress">Reports networks, rounds and steps.</param>
    /// <param name="cancellation">Stops between units of work.</param>
    /// <returns>The routers, which the caller disposes, and what was done.</returns>
    public static (StaticRouters Routers, RoutingReport Report) TrainRouters(
        ElasticFamily family,
        ICostTable costs,
        TokenCorpus calibration,
        RouteSettings settings,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(family);
        ArgumentNullException.ThrowIfNull(settings);
        RoutingCosts choices = RoutingCosts.Of(costs, family.Space);
        HeldOutLoss text = Losses(family, calibration, settings);
        ModelConfig config = family.Model.Config;
        int length = Math.Min(settings.WindowLength, config.ContextLength);
        if (settings.Method == RoutingMethod.Surrogate)
        {
            SurrogateRouterResult routed = SurrogateRouterTrainer.Run(
                family.Space, choices, network => text.Of(family.Model, network).Mean, settings.Surrogate, progress, cancellation);
            routed.Surrogate.Dispose();
            return (routed.Routers, routed.Report with { LmOperations = routed.Replay.Losses.Keys.Sum(n => LmCompute.Forward(config, n, text.WindowCount, length)) });
        }

        double range = text.Of(family.Model, family.Space.Smallest).Mean - text.Of(family.Model, family.Space.Largest).Mean;
        // A family whose smallest network is as good as the whole one has nothing to choose by; the scale then only has to be a number.
        range = Math.Max(range, 1e-3);
        RelaxedRouterSettings relaxed = settings.Relaxed with { Steps = settings.Relaxed.Steps > 0 ? settings.Relaxed.Steps : EqualSteps(family, settings, text.WindowCount, length) };
        StaticRouters routers = RelaxedRouterTrainer.Run(family.Model, family.Space, choices, calibration, settings.Method, relaxed, range, progress, cancellation);
        double step = LmCompute.FrozenStep(config, family.Space.Largest, relaxed.BatchSize, Math.Min(relaxed.SequenceLength, config.ContextLength));
        // A quarter of the range is about one standard deviation of the losses that a surrogate sees.
        return (routers, new RoutingReport([], range / 4) { Method = settings.Method, LmOperations = relaxed.Steps * step });
    }

    private static HeldOutLoss Losses(ElasticFamily family, TokenCorpus calibration, RouteSettings settings) =>
        new(calibration, Math.Min(settings.WindowLength, family.Model.Config.ContextLength), settings.LossWindows);

    // As many steps as cost what the surrogate's exploration would: its networks lie, on average, half way between the smallest and the whole.
    private static int EqualSteps(ElasticFamily family, RouteSettings settings, int windows, int length)
    {
        ModelConfig config = family.Model.Config;
        SurrogateRouterSettings surrogate = settings.Surrogate;
        double networks = surrogate.FirstRoundNetworks + (surrogate.Rounds - 1.0) * surrogate.NetworksPerRound;
        double exploration = networks * (LmCompute.Forward(config, family.Space.Smallest, windows, length) + LmCompute.Forward(config, family.Space.Largest, windows, length)) / 2;
        int own = Math.Min(settings.Relaxed.SequenceLength, config.ContextLength);
        return Math.Max(1, (int)(exploration / LmCompute.FrozenStep(config, family.Space.Largest, settings.Relaxed.BatchSize, own)));
    }
}
