using Flextron.Importance;

namespace Flextron.Workbench.Studies;

/// <summary>How importance is measured, and against how many random orders it has to stand.</summary>
public sealed record RankSettings
{
    /// <summary>How neurons are scored.</summary>
    public NeuronMetric Metric { get; init; } = NeuronMetric.GatedActivation;

    /// <summary>Calibration tokens at most.</summary>
    public int MaximumTokens { get; init; } = 32768;

    /// <summary>Random orders that the importance order is compared with.</summary>
    public int RandomOrders { get; init; } = 3;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public RankSettings Validated()
    {
        if (MaximumTokens < 2) throw new FlextronException($"Experiment settings: rank.maximumTokens is {MaximumTokens}, give 2 or more.");
        if (RandomOrders < 1) throw new FlextronException($"Experiment settings: rank.randomOrders is {RandomOrders}, give 1 or more.");
        return this;
    }
}
