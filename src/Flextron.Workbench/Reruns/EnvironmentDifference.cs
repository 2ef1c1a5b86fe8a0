namespace Flextron.Workbench.Reruns;

/// <summary>Something about machine or program that is not as it was.</summary>
/// <param name="What">What.</param>
/// <param name="Before">As recorded.</param>
/// <param name="Now">In the rerun.</param>
/// <param name="Effect">What it may do to numbers, and why.</param>
public sealed record EnvironmentDifference(string What, string Before, string Now, string Effect);
