using Flextron.Models;
using Flextron.Pretraining;

namespace Flextron.Workbench.PretrainingComparisons;

/// <summary>One way to pretrain; without either it is plain.</summary>
public sealed record PretrainingArm
{
    /// <summary>Heads that attend to an earlier block too; null for none.</summary>
    public SkipLayerAttention? SkipLayer { get; init; }

    /// <summary>Trains a part of the tokens at half size; null for all at full size.</summary>
    public VCycleSettings? VCycle { get; init; }
}
