namespace Flextron.Routing.Dynamic;

/// <summary>How dynamic routers learn which tokens need which widths.</summary>
public enum DynamicRoutingMethod
{
    /// <summary>
    /// From what narrowing one MLP costs every token: its cross-entropy against the whole network with the layer at each of its widths, the rest as the static routers have it.
    /// Many precise measurements from forward passes alone.
    /// </summary>
    TokenLosses,

    /// <summary>Through a surrogate of a token's loss that also reads the final hidden state (FLEXTRON, ICML 2024, section 4.2).</summary>
    Surrogate,
}
