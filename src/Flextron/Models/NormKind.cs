namespace Flextron.Models;

/// <summary>How a layer's input is normalised.</summary>
public enum NormKind
{
    /// <summary>x / √(mean(x²) + ε) · weight (Zhang and Sennrich, arXiv 1910.07467).</summary>
    RootMeanSquare,

    /// <summary>(x − mean) / √(variance + ε) · weight + bias (Ba et al., arXiv 1607.06450).</summary>
    Layer,
}
