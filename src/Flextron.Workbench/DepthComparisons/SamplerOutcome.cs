using Flextron.MixtureOfDepths;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>What a causal sampler changes on one trained network.</summary>
/// <param name="Sampler">Which.</param>
/// <param name="TrainedAlone">Whether it was trained on beside the finished network.</param>
/// <param name="Effect">Against the top k of each window.</param>
internal sealed record SamplerOutcome(CausalSampler Sampler, bool TrainedAlone, SamplerAgreement Effect);
