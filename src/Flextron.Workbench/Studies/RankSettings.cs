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
}
