namespace Flextron.Routing;

/// <summary>How routers learn which choices cost little loss.</summary>
public enum RoutingMethod
{
    /// <summary>Through a surrogate of the LM loss, from forward passes alone (FLEXTRON, ICML 2024, section 4.2).</summary>
    Surrogate,

    /// <summary>End to end through a relaxed network whose parts count by Gumbel-softmax draws (Jang et al., arXiv 1611.01144).</summary>
    GumbelSoftmax,

    /// <summary>End to end: hard Gumbel draws forward, the gradient of the soft ones backward (Bengio et al., arXiv 1308.3432).</summary>
    StraightThrough,
}
