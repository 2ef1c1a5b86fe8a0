namespace Flextron.Workbench.WayComparisons;

/// <summary>How a sub-network of the family was chosen.</summary>
internal enum FamilyWay
{
    /// <summary>For a latency, by search: the better of the exact optimum and the uniform networks.</summary>
    Selected,

    /// <summary>For a latency, by a learned static router.</summary>
    Routed,

    /// <summary>The same share of every block, the shape of a model alone.</summary>
    Uniform,
}
