using Flextron.Data;
using Flextron.Models;
using Flextron.Native;
using Flextron.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing;

/// <summary>
/// Draws a step's networks from the routers' distributions and moves the routers by what those networks' losses were: score-function gradient
/// of the loss, exact gradient of the latency hinge.
/// </summary>
/// <remarks>
/// The signal is a network's loss above the whole network's on the same batch, so that easy and hard batches do not drown it; what is usual for
/// the target is subtracted as baseline.
/// </remarks>
internal sealed class RouterSource : ISubNetworkSource, IDisposable
{
    private readonly StaticRouters routers;
    private readonly RoutingCosts costs;
    private readonly SubNetwork full;
    private readonly JointRouterSettings settings;
    private readonly double lossScale;
    private readonly Action<JointRouterStep>? onStep;
    private readonly TargetBaseline baseline;
    private readonly optim.Optimizer adam;
    private double[] targets = [];
    private SubNetwork[] drawn = [];

    public RouterSource(StaticRouters routers, RoutingCosts costs, JointRouterSettings settings, double lossScale, Action<JointRouterStep>? onStep)
    {
        this.routers = routers;
        this.costs = costs;
        this.settings = settings;
        this.lossScale = lossScale;
        this.onStep = onStep;
        full = routers.Space.Largest;
        baseline = new TargetBaseline(settings.BaselineKnots, settings.BaselineDecay);
        adam = optim.Adam(routers.Parameters, settings.RouterLearningRate);
    }

    public IReadOnlyList<SubNetwork> At(int step)
    {
        Random random = Seeds.Stream(settings.Training.Seed, "router draws", step);
        int count = settings.Training.NetworksPerStep - 1;
        targets = Enumerable.Range(0, count).Select(i => (i + random.NextDouble()) / count).ToArray();
        drawn = routers.ChoiceRows(targets, settings.Temperature)
            .Select(r => ChoiceVector.Network(routers.Space, RouterNoise.Sample(routers.Space, r, random))).ToArray();
        return [full, .. drawn];
    }

    public void Trained(int step, IReadOnlyList<double> losses)
    {
        using SingleThread single = SingleThread.Enter();
        using var scope = NewDisposeScope();
        double[] above = losses.Skip(1).Select(l => (l - losses[0]) / lossScale).ToArray();
        double[] advantages = above.Zip(targets, (a, t) => a - baseline.At(t)).ToArray();
        adam.zero_grad();
        Tensor targets_B = NativeTensor.Of(targets.Select(t => (float)t).ToArray());
        Tensor logChoices_BR = routers.LogChoices(targets_B, settings.Temperature);
        Tensor excess = RouterObjective.Excesses(costs, logChoices_BR.exp(), targets_B).mean();
        Tensor policy = PolicyGradient.Objective(PolicyGradient.LogProbabilities(logChoices_BR, routers.Space, drawn), advantages);
        (policy + settings.LatencyWeight * excess).backward();
        adam.step();
        foreach ((double target, double loss) in targets.Zip(above)) baseline.Add(target, loss);
        onStep?.Invoke(new JointRouterStep(step + 1, targets, drawn, losses[0], losses.Skip(1).ToArray(), excess.item<float>()));
    }

    public void Dispose() => adam.Dispose();
}
