using Flextron.Training;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>What training one arm with one seed came to.</summary>
/// <param name="Parameters">Of the model.</param>
/// <param name="Transferred">Of these, taken over.</param>
/// <param name="Before">Held-out loss before training.</param>
/// <param name="Steps">Steps at which the loss was measured.</param>
/// <param name="Losses">Held-out losses at these steps; the last is the end.</param>
/// <param name="Releases">Steps after which frozen weights were released.</param>
/// <param name="Seconds">How long it took; not comparable between arms unless the machine was quiet.</param>
internal sealed record TransferOutcome(
    long Parameters, long Transferred, double Before, IReadOnlyList<int> Steps, IReadOnlyList<LossEstimate> Losses, IReadOnlyList<int> Releases, double Seconds)
{
    /// <summary>Loss at the end.</summary>
    public double After => Losses[^1].Mean;

    /// <summary>The step at which the loss first comes down to a value, between measurements along a line; null where it never does.</summary>
    public double? StepsTo(double loss)
    {
        (double step, double value) = (0, Before);
        if (value <= loss) return 0;
        for (int i = 0; i < Steps.Count; i++)
        {
            double next = Losses[i].Mean;
            if (next <= loss) return step + (Steps[i] - step) * (value - loss) / (value - next);
            (step, value) = (Steps[i], next);
        }
        return null;
    }
}
