namespace Flextron.Selection;

/// <summary>What a budget limits.</summary>
public enum BudgetKind
{
    /// <summary>Share of the whole network's latency.</summary>
    LatencyShare,

    /// <summary>Milliseconds for the latency table's workload.</summary>
    Milliseconds,

    /// <summary>Bytes of weights and KV cache.</summary>
    Bytes,

    /// <summary>Parameters.</summary>
    Parameters,

    /// <summary>No limit: every block at the choices nearest to one share of the full widths.</summary>
    Uniform,

    /// <summary>No limit: given choices, block by block.</summary>
    Choices,
}
