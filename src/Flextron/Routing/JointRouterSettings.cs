using System.Globalization;
using Flextron.Training;

namespace Flextron.Routing;

/// <summary>Settings of fine-tuning the LM and its routers together.</summary>
public sealed record JointRouterSettings
{
    /// <summary>
    /// The LM's side, as in joint continued-training; <see cref="JointTrainingSettings.Strategy"/> does not apply. Each step trains the whole
    /// network and <see cref="JointTrainingSettings.NetworksPerStep"/> − 1 networks drawn from the routers.
    /// </summary>
    public JointTrainingSettings Training { get; init; } = new() { Steps = 100, LearningRate = 1e-4, WarmupSteps = 10, EvaluateEvery = 0 };

    /// <summary>Temperature of the distributions that networks are drawn from: below 1 keeps draws near the routers' choices.</summary>
    public double Temperature { get; init; } = 0.5;

    /// <summary>Adam's learning rate for the routers.</summary>
    public double RouterLearningRate { get; init; } = 1e-3;

    /// <summary>λ: price of missing the target by the whole range of latencies, in standard deviations of the loss.</summary>
    public double LatencyWeight { get; init; } = 50;

    /// <summary>Knots of the running baseline over targets.</summary>
    public int BaselineKnots { get; init; } = 9;

    /// <summary>Share of a knot's past that a new loss leaves.</summary>
    public double BaselineDecay { get; init; } = 0.9;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public JointRouterSettings Validated()
    {
        static void Require(bool holds, FormattableString what)
        {
            if (!holds) throw new FlextronException($"Joint routing settings: {what.ToString(CultureInfo.InvariantCulture)}.");
        }

        Training.Validated();
        Require(Training.NetworksPerStep >= 2, $"networksPerStep is {Training.NetworksPerStep}, give 2 or more: the whole network and at least one drawn from the routers");
        Require(Temperature > 0 && double.IsFinite(Temperature), $"temperature is {Temperature}, give a positive number");
        Require(RouterLearningRate >= 0 && double.IsFinite(RouterLearningRate), $"routerLearningRate is {RouterLearningRate}, give 0 or more");
        Require(LatencyWeight >= 0 && double.IsFinite(LatencyWeight), $"latencyWeight is {LatencyWeight}, give 0 or more");
        Require(BaselineKnots >= 2, $"baselineKnots is {BaselineKnots}, give 2 or more");
        Require(BaselineDecay is >= 0 and < 1, $"baselineDecay is {BaselineDecay}, give 0 to 1");
        return this;
    }
}
