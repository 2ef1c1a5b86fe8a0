using Flextron.Models;
using Flextron.Training;

namespace Flextron.Workbench.WayComparisons;

/// <summary>What training one arm with one seed came to.</summary>
/// <param name="Parameters">Of the network, routers included.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Tokens">Tokens read, each counted once however many networks read it.</param>
/// <param name="Flops">Operations of the training, counted.</param>
/// <param name="Seconds">How long it took; not comparable between arms unless the machine was quiet.</param>
/// <param name="Network">Which slice of the saved weights it is.</param>
/// <param name="Before">Held-out loss before training.</param>
/// <param name="After">Held-out loss after it; with routers by their causal sampler, as in generation.</param>
/// <param name="TopK">With routers: loss by the top tokens of every window, which looks ahead; null otherwise.</param>
internal sealed record WayOutcome(
    long Parameters, int Steps, long Tokens, double Flops, double Seconds, SubNetwork Network, LossEstimate Before, LossEstimate After, LossEstimate? TopK);
