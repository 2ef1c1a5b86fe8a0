namespace Flextron.Workbench.Comparisons;

/// <summary>The order in which heads and neurons stand before an arm is trained, and so which of them a prefix keeps.</summary>
public enum PartOrder
{
    /// <summary>By importance.</summary>
    Importance,

    /// <summary>At random, another order for every seed: the control.</summary>
    Random,
}
