namespace Flextron.Workbench.TransferComparisons;

/// <summary>By what arms are held against each other: a step in which weights are frozen is cheaper than one in which none are.</summary>
internal enum TransferCost
{
    /// <summary>Steps, and so tokens.</summary>
    Steps,

    /// <summary>Counted operations.</summary>
    Operations,

    /// <summary>Measured time.</summary>
    Seconds,
}
