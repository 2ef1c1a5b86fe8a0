namespace Flextron.Workbench.Reports;

/// <summary>Which value of a table's column is set in bold.</summary>
public enum BestValue
{
    /// <summary>None.</summary>
    Unmarked,

    /// <summary>The smallest, as for losses and latencies.</summary>
    Smallest,

    /// <summary>The largest, as for accuracies.</summary>
    Largest,
}
