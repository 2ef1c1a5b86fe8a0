using System.Globalization;
using Flextron.Training;

namespace Flextron.Routing.Dynamic;

/// <summary>Settings of fine-tuning the LM while dynamic routers route its tokens.</summary>
public sealed record DynamicJointSettings
{
    /// <summary>
    /// The LM's side, as in joint continued-training; <see cref="JointTrainingSettings.Strategy"/> does not apply. Each step trains the whole network and, at
    /// <see cref="JointTrainingSettings.NetworksPerStep"/> − 1 random targets, the network whose tokens are routed.
    /// </summary>
    public JointTrainingSettings Training { get; init; } = new() { Steps = 0, LearningRate = 1e-4, WarmupSteps = 10, EvaluateEvery = 0 };

    /// <summary>Temperature of the Gumbel noise on the routers' scores, which are in deviations of a token's loss: with some, tokens meet other widths
    /// than those they would be given too.</summary>
    public double Temperature { get; init; } = 0.5;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public DynamicJointSettings Validated()
    {
        if (Training.NetworksPerStep < 2)
        {
            throw new FlextronException(
                $"Joint training with routed tokens: networksPerStep is {Training.NetworksPerStep}, give 2 or more: the whole network and at least one whose tokens are routed.");
        }
        if (Training.Steps > 0) Training.Validated();
        if (Temperature >= 0 && double.IsFinite(Temperature)) return this;
        throw new FlextronException(string.Create(CultureInfo.InvariantCulture, $"Joint training with routed tokens: temperature is {Temperature}, give 0 or more."));
    }
}
