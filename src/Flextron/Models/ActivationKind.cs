namespace Flextron.Models;

/// <summary>The non-linearity of an MLP.</summary>
public enum ActivationKind
{
    /// <summary>x · σ(x), also called swish.</summary>
    Silu,

    /// <summary>x · Φ(x), with the exact normal distribution function (Hendrycks and Gimpel, arXiv 1606.08415).</summary>
    Gelu,

    /// <summary>The same with the tanh approximation: ½x(1 + tanh(√(2/π)(x + 0.044715 x³))).</summary>
    GeluTanh,

    /// <summary>max(x, 0).</summary>
    Relu,
}
