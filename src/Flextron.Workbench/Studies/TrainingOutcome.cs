using System.Text.Json.Serialization;
using Flextron.Training;

namespace Flextron.Workbench.Studies;

/// <summary>Held-out loss of every uniform budget before and after joint training.</summary>
/// <param name="Before">By label.</param>
/// <param name="After">By label.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Seconds">How long they took, over all attempts and without the measurements in between.</param>
public sealed record TrainingOutcome(IReadOnlyDictionary<string, LossEstimate> Before, IReadOnlyDictionary<string, LossEstimate> After, int Steps, double Seconds)
{
    /// <summary>Every residual width with every depth; null where the family has neither axis.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<FrameOutcome>? Frames { get; init; }
}
