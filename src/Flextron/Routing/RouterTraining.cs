using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Training;

namespace Flextron.Routing;

/// <summary>Both phases of routing in one call: routers through the surrogate, then, the surrogate discarded, LM and routers together.</summary>
public static class RouterTraining
{
    /// <summary>Trains routers for a family and fine-tunes it in place.</summary>
    /// <param name="family">The jointly trained family; float32.</param>
    /// <param name="costs">What its choices cost, such as a latency table.</param>
    /// <param name="calibration">Text on which sub-networks' losses are measured for the surrogate.</param>
    /// <param name="train">Text for the joint fine-tuning.</param>
    /// <param name="settings">How.</param>
    /// <param name="teacher">The original model, where distillation is on.</param>
    /// <param name="onStep">Called after every fine-tuning step.</param>
    /// <param name="progress">Reports networks, rounds and steps.</param>
    /// <param name="cancellation">Stops between units of work.</param>
    /// <returns>The routers, which the caller disposes, and the surrogate's report.</returns>
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
        ArgumentNullException.ThrowIfNull(family);
        ArgumentNullException.ThrowIfNull(settings);
        RoutingCosts choices = RoutingCosts.Of(costs, family.Space);
        var text = new HeldOutLoss(calibration, Math.Min(settings.WindowLength, family.Model.Config.ContextLength), settings.LossWindows);
        SurrogateRouterResult routed = SurrogateRouterTrainer.Run(
            family.Space, choices, network => text.Of(family.Model, network).Mean, settings.Surrogate, progress, cancellation);
        routed.Surrogate.Dispose();
        RoutePoint Again(RoutePoint before)
        {
            SubNetwork network = routed.Routers.Select(before.Target);
            double cost = choices.Hard(network, routed.Routers.Space);
            return before with { Network = network, Cost = cost, NormalisedCost = choices.Normalised(cost), PredictedLoss = double.NaN, MeasuredLoss = text.Of(family.Model, network).Mean };
        }

        try
        {
            JointRouterTuning.Run(
                family.Model, routed.Routers, choices, train, settings.Joint, routed.Report.LossScale, teacher, onStep, progress: progress, cancellation: cancellation);
            family.AddTrainedSteps(settings.Joint.Training.Steps);
            return (routed.Routers, routed.Report with { Final = [.. routed.Report.Points.Select(Again)] });
        }
        catch
        {
            routed.Routers.Dispose();
            throw;
        }
    }
}
