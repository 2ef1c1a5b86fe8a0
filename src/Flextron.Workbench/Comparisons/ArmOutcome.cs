using Flextron.Training;

namespace Flextron.Workbench.Comparisons;

/// <summary>What training one arm with one seed came to.</summary>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Tokens">Tokens read, each counted once.</param>
/// <param name="Flops">Operations, counted.</param>
/// <param name="Seconds">How long it took; not comparable between arms unless the machine was quiet.</param>
/// <param name="After">Held-out loss by budget; an arm that trains one sub-network alone has that one only.</param>
internal sealed record ArmOutcome(int Steps, long Tokens, double Flops, double Seconds, IReadOnlyDictionary<string, LossEstimate> After);
