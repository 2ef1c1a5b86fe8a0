using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Native;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing;

/// <summary>
/// Trains static routers end to end: the LM loss of the relaxed network is differentiated with respect to the choices, the LM's weights stay
/// frozen. Every sequence of a batch has its own latency target.
/// </summary>
public static class RelaxedRouterTrainer
{
    /// <summary>Trains routers from scratch.</summary>
    /// <param name="model">The LM.</param>
    /// <param name="space">Its choices.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="text">What losses are taken on.</param>
    /// <param name="method">Gumbel-softmax or straight-through.</param>
    /// <param name="settings">How; <see cref="RelaxedRouterSettings.Steps"/> is taken as it is.</param>
    /// <param name="lossRange">Loss of the smallest minus that of the whole network, nats.</param>
    /// <param name="progress">Reports steps.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>The routers; dispose them.</returns>
    /// <exception cref="FlextronException">Costs or settings do not fit, or the loss is not a number.</exception>
    public static StaticRouters Run(
        DecoderModel model,
        ElasticSpace space,
        RoutingCosts costs,
        TokenCorpus text,
        RoutingMethod method,
        RelaxedRouterSettings settings,
        double lossRange,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        space = space.Blockwise;
        costs.ValidatedFor(space);
        if (method == RoutingMethod.Surrogate) throw new ArgumentException("The surrogate has its own trainer.", nameof(method));
        int length = Math.Min(settings.SequenceLength, model.Config.ContextLength);
        var windows = new WindowSampler(text, length, settings.Seed);
        var routers = new StaticRouters(space, settings.Router);
        try
        {
            RouterWarmStart.Run(routers, costs, settings.WarmStartSteps);
            using var relaxed = new RelaxedModel(model, space);
            using var adam = optim.Adam(routers.Parameters, settings.LearningRate);
            for (int step = 0; step < settings.Steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                double done = settings.Steps == 1 ? 1 : step / (settings.Steps - 1.0);
                adam.zero_grad();
                adam.ParamGroups.First().LearningRate = settings.LearningRate * (1 - 0.9 * done);
                double temperature = settings.StartTemperature * Math.Pow(settings.EndTemperature / settings.StartTemperature, done);
                Random random = Seeds.Stream(settings.Seed, "relaxed draws", step);
                Tensor targets_B = SurrogateRouterTrainer.Targets(random, settings.BatchSize);
                Tensor logChoices_BR = routers.LogChoices(targets_B);
                Tensor[] draws = [.. ChoiceVector.Split(space, logChoices_BR).Select(l => RelaxedDraw.Of(l, temperature, method == RoutingMethod.StraightThrough, random).unsqueeze(1).to(model.Device))];
                (Tensor input_BT, Tensor target_BT) = windows.Batch(step, settings.BatchSize);
                Tensor logits_BTV = relaxed.Forward(input_BT.to(model.Device), (layer, _) => draws[layer]);
                Tensor loss = functional.cross_entropy(logits_BTV.view(-1, model.Config.VocabularySize), target_BT.to(model.Device).view(-1));
                Tensor excess = RouterObjective.Excesses(costs, logChoices_BR.exp(), targets_B).mean();
                double value = loss.item<float>();
                if (!double.IsFinite(value)) throw new FlextronException($"Training routers diverged at step {step + 1}: the loss is {value}; lower learningRate.");
                (loss / lossRange + settings.LatencyWeight * excess.to(loss.device)).backward();
                adam.step();
                progress?.Report(new StageProgress("training routers end to end", step + 1, settings.Steps, string.Create(CultureInfo.InvariantCulture, $"loss {value:0.000}")));
            }
            return routers;
        }
        catch
        {
            routers.Dispose();
            throw;
        }
    }
}
