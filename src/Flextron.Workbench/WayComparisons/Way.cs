namespace Flextron.Workbench.WayComparisons;

/// <summary>A way of spending less compute on a token than the base model does.</summary>
public enum Way
{
    /// <summary>None: the base itself, trained on as everything else is. What the others are a share of.</summary>
    Continued,

    /// <summary>One elastic family for all budgets (FLEXTRON, ICML 2024).</summary>
    Flextron,

    /// <summary>Only some tokens pass every other block (arXiv 2404.02258).</summary>
    MixtureOfDepths,

    /// <summary>Attention gives way to a mixer of linear cost, the other weights stay (XATL, arXiv 2404.02684).</summary>
    Transfer,

    /// <summary>Redundant parts are left out and the rest is healed (LLM-Drop, arXiv 2406.15786).</summary>
    Drop,

    /// <summary>A smaller model of its own: fresh, or cut out of the base by importance.</summary>
    Alone,
}
