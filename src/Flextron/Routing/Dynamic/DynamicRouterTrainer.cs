using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Native;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Trains dynamic routers, beginning with static ones, while the LM stays frozen: end to end through the relaxed network, or through a surrogate that reads
/// the final hidden state beside the choices (FLEXTRON, ICML 2024, section 4.2). Afterwards it measures how the routers share a budget among layers.
/// </summary>
public static class DynamicRouterTrainer
{
    /// <summary>Trains.</summary>
    /// <param name="model">The LM.</param>
    /// <param name="start">Static routers to begin with.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="text">What losses are taken on.</param>
    /// <param name="settings">How.</param>
    /// <param name="lossRange">Loss of the smallest minus that of the whole network, nats.</param>
    /// <param name="progress">Reports steps.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Routers, which the caller disposes, and what was done.</returns>
    /// <exception cref="FlextronException">Costs or settings do not fit, or a loss is not a number.</exception>
    public static (DynamicRouters Routers, DynamicRoutingReport Report) Run(
        DecoderModel model,
        StaticRouters start,
        RoutingCosts costs,
        TokenCorpus text,
        DynamicRouterSettings settings,
        double lossRange,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        costs.ValidatedFor(start.Space);
        var routers = new DynamicRouters(start, model.Config.HiddenSize);
        try
        {
            var windows = new WindowSampler(text, Math.Min(settings.SequenceLength, model.Config.ContextLength), settings.Seed);
            DynamicRoutingReport report = settings.Method == RoutingMethod.Surrogate
                ? new DynamicSurrogatePhase(model, routers, costs, windows, settings, lossRange).Run(progress, cancellation)
                : EndToEnd(model, routers, costs, windows, settings, lossRange, progress, cancellation);
            routers.Budgets = MeasureBudgets(model, routers, costs, windows, settings.BudgetTargets);
            return (routers, report);
        }
        catch
        {
            routers.Dispose();
            throw;
        }
    }

    /// <summary>Mean cost of each layer at evenly spaced targets, when every token takes its most probable choice.</summary>
    /// <param name="model">The LM.</param>
    /// <param name="routers">Its dynamic routers.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="windows">Text; a few windows are read.</param>
    /// <param name="targets">Number of targets.</param>
    public static LayerBudgets MeasureBudgets(DecoderModel model, DynamicRouters routers, RoutingCosts costs, WindowSampler windows, int targets)
    {
        ArgumentNullException.ThrowIfNull(routers);
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(windows);
        const int Windows = 4;
        double[] grid = [.. Enumerable.Range(0, targets).Select(i => i / (targets - 1.0))];
        double[][] layers = costs.Layers();
        var dynamic = new DynamicModel(model, routers.Space);
        long[] some = windows.Spread(Windows);
        return new LayerBudgets(grid, [.. grid.Select(target =>
        {
            using var scope = NewDisposeScope();
            using var recorded = new RecordedChoices(new RoutedChoices(routers, [.. some.Select(_ => target)]));
            dynamic.Hidden(windows.Windows(some).Input_BT.to(model.Device), recorded);
            return (IReadOnlyList<double>)[.. layers.Select((cost, l) => recorded.Of(l)[0].Average(k => cost[k]))];
        })]);
    }

    private static DynamicRoutingReport EndToEnd(
        DecoderModel model, DynamicRouters routers, RoutingCosts costs, WindowSampler windows, DynamicRouterSettings settings, double lossRange,
        IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        double[][] layers = costs.Layers();
        using var relaxed = new RelaxedModel(model, routers.Space);
        using var adam = optim.Adam(routers.Parameters, settings.LearningRate);
        var losses = new List<double>();
        for (int step = 0; step < settings.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            double done = settings.Steps == 1 ? 1 : step / (settings.Steps - 1.0);
            adam.zero_grad();
            adam.ParamGroups.First().LearningRate = settings.LearningRate * (1 - 0.9 * done);
            double temperature = settings.StartTemperature * Math.Pow(settings.EndTemperature / settings.StartTemperature, done);
            Random random = Seeds.Stream(settings.Seed, "dynamic draws", step);
            Tensor targets_B = SurrogateRouterTrainer.Targets(random, settings.BatchSize);
            var parts = new List<Tensor>();
            Tensor Choices(int layer, Tensor x_BTC)
            {
                // A router's input is taken as given: through it the loss would also ask earlier layers to make later routers' work easy.
                Tensor log_BTK = routers.LogChoices(layer, targets_B, x_BTC.detach());
                // The relaxed pass has a dispose scope of its own, which this has to outlive.
                parts.Add(log_BTK.exp().matmul(NativeTensor.Of(layers[layer], log_BTK.dtype, log_BTK.device)).mean([1]).MoveToOuterDisposeScope());
                return RelaxedDraw.Of(log_BTK, temperature, settings.Method == RoutingMethod.StraightThrough, random);
            }

            (Tensor input_BT, Tensor target_BT) = windows.Batch(step, settings.BatchSize);
            Tensor logits_BTV = relaxed.Forward(input_BT.to(model.Device), Choices);
            Tensor loss = functional.cross_entropy(logits_BTV.view(-1, model.Config.VocabularySize), target_BT.to(model.Device).view(-1));
            Tensor cost_B = parts.Aggregate((a, b) => a + b) + costs.Fixed;
            Tensor excess = ((cost_B - costs.Smallest) / (costs.Full - costs.Smallest) - targets_B).relu().mean();
            double value = loss.item<float>();
            if (!double.IsFinite(value)) throw new FlextronException($"Training dynamic routers diverged at step {step + 1}: the loss is {value}; lower learningRate.");
            (loss / lossRange + settings.LatencyWeight * excess).backward();
            adam.step();
            losses.Add(value);
            progress?.Report(new StageProgress("training dynamic routers", step + 1, settings.Steps, string.Create(CultureInfo.InvariantCulture, $"loss {value:0.000}")));
        }
        int tenth = Math.Max(1, losses.Count / 10);
        double operations = settings.Steps * LmCompute.FrozenStep(model.Config, model.FullNetwork, settings.BatchSize, windows.WindowLength);
        return new DynamicRoutingReport(settings.Method, operations, losses.Take(tenth).DefaultIfEmpty(double.NaN).Average(), losses.TakeLast(tenth).DefaultIfEmpty(double.NaN).Average());
    }
}
