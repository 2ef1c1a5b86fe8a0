using Flextron.Training;

namespace Flextron.Workbench.Studies;

/// <summary>Held-out loss of every uniform budget before and after joint training.</summary>
/// <param name="Before">By label.</param>
/// <param name="After">By label.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Seconds">How long they took.</param>
public sealed record TrainingOutcome(IReadOnlyDictionary<string, LossEstimate> Before, IReadOnlyDictionary<string, LossEstimate> After, int Steps, double Seconds);
