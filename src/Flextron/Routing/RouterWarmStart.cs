using Flextron.Elastic;
using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing;

/// <summary>
/// Starts routers near uniform widths: for a target T every layer prefers the choices around one common share of its width, the share whose
/// cost is T. A few hundred cheap steps on the latency alone, without any loss; it makes the first exploration cover the whole range of targets.
/// </summary>
public static class RouterWarmStart
{
    private const int Targets = 33;

    // Deviation of the preferred choices around the common share, in choices: wide enough that neighbours keep a gradient.
    private const double Spread = 0.7;

    /// <summary>Trains routers towards uniform widths.</summary>
    /// <param name="routers">Trained in place.</param>
    /// <param name="costs">Latency of every choice.</param>
    /// <param name="steps">Adam steps.</param>
    /// <param name="learningRate">Adam's learning rate.</param>
    public static void Run(StaticRouters routers, RoutingCosts costs, int steps = 300, double learningRate = 0.01)
    {
        ArgumentNullException.ThrowIfNull(routers);
        ArgumentNullException.ThrowIfNull(costs);
        double[] targets = Enumerable.Range(0, Targets).Select(i => i / (Targets - 1.0)).ToArray();
        using SingleThread single = SingleThread.Enter();
        using var scope = NewDisposeScope();
        Tensor targets_B = NativeTensor.Of(targets.Select(t => (float)t).ToArray());
        float[] wanted = targets.SelectMany(t => Wanted(routers.Space, costs, t)).ToArray();
        Tensor wanted_BR = NativeTensor.Of(wanted, Targets, ChoiceVector.Length(routers.Space));
        using var adam = optim.Adam(routers.Parameters, learningRate);
        for (int step = 0; step < steps; step++)
        {
            using var pass = NewDisposeScope();
            adam.zero_grad();
            (-(wanted_BR * routers.LogChoices(targets_B)).sum(1).mean()).backward();
            adam.step();
        }
    }

    private static IEnumerable<float> Wanted(ElasticSpace space, RoutingCosts costs, double target)
    {
        double low = 0, high = 1;
        for (int i = 0; i < 40; i++)
        {
            double middle = 0.5 * (low + high);
            if (costs.Normalised(UniformCost(costs, middle)) < target) low = middle;
            else high = middle;
        }
        return ChoiceVector.Layers(space).SelectMany(count =>
        {
            double[] weights = Enumerable.Range(0, count).Select(k => Math.Exp(-0.5 * Math.Pow((k - low * (count - 1)) / Spread, 2))).ToArray();
            double sum = weights.Sum();
            return weights.Select(w => (float)(w / sum));
        });
    }

    private static double UniformCost(RoutingCosts costs, double share)
    {
        double Between(double[] choices)
        {
            double position = share * (choices.Length - 1);
            int below = Math.Min((int)position, Math.Max(0, choices.Length - 2)), above = Math.Min(below + 1, choices.Length - 1);
            return choices[below] + (position - below) * (choices[above] - choices[below]);
        }

        return costs.Fixed + costs.Attention.Sum(Between) + costs.Mlp.Sum(Between);
    }
}
