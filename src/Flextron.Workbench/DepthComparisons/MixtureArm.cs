namespace Flextron.Workbench.DepthComparisons;

/// <summary>What is trained with the same compute.</summary>
public enum MixtureArm
{
    /// <summary>The ordinary network.</summary>
    Dense,

    /// <summary>Mixture-of-Depths, tokens chosen by routers.</summary>
    Mixture,

    /// <summary>Mixture-of-Depths, as many tokens chosen by chance: what routing is worth.</summary>
    Random,
}
