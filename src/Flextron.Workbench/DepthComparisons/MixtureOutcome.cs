using Flextron.MixtureOfDepths;
using Flextron.Training;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>What came out of one training.</summary>
/// <param name="Parameters">Of the network; routers not counted.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Tokens">Tokens read.</param>
/// <param name="ForwardFlopsPerToken">Operations of a forward pass by token.</param>
/// <param name="Loss">Held-out loss as trained: the top k of each window, or all tokens.</param>
/// <param name="Samplers">What the causal samplers change; empty where nothing routes by a router.</param>
internal sealed record MixtureOutcome(long Parameters, int Steps, long Tokens, double ForwardFlopsPerToken, LossEstimate Loss, IReadOnlyList<SamplerOutcome> Samplers)
{
    /// <summary>What a sampler changes, at its best trained.</summary>
    public SamplerAgreement? Of(CausalSampler sampler) => Samplers.LastOrDefault(s => s.Sampler == sampler)?.Effect;
}
