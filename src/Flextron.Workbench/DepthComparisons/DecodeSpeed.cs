namespace Flextron.Workbench.DepthComparisons;

/// <summary>How fast one network of one size is here, one sequence at a time on one thread.</summary>
/// <param name="Size">Label of the size.</param>
/// <param name="Arm">Which network.</param>
/// <param name="TokensPerSecond">Decoding by the decode engine, each timing; greedy.</param>
/// <param name="StepSeconds">A training step as it is done, each timing: fused kernels for dense networks.</param>
/// <param name="ComposedStepSeconds">A training step through libtorch's own differentiation, which Mixture-of-Depths uses, each timing.</param>
/// <param name="CacheBytes">Keys and values held at the end.</param>
internal sealed record DecodeSpeed(
    string Size, MixtureArm Arm, IReadOnlyList<double> TokensPerSecond, IReadOnlyList<double> StepSeconds, IReadOnlyList<double> ComposedStepSeconds, long CacheBytes);
