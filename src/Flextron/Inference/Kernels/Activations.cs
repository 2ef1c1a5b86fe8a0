using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>A non-linearity of an MLP, a vector at a time.</summary>
internal interface IActivation
{
    /// <summary>Its values.</summary>
    static abstract V Of<T, V>(V x) where T : ISimd<V> where V : struct;
}

/// <summary>x / (1 + e^−x).</summary>
internal readonly struct SiluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<T, V>(V x) where T : ISimd<V> where V : struct =>
        T.Divide(x, T.Add(T.Broadcast(1), Exponential.Of<T, V>(T.Subtract(default, x))));
}

/// <summary>½x(1 + tanh u), u = √(2/π)(x + 0.044715 x³): the same as x / (1 + e^−2u).</summary>
internal readonly struct GeluTanhActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<T, V>(V x) where T : ISimd<V> where V : struct
    {
        V cubic = T.MultiplyAdd(T.Multiply(T.Broadcast(0.044715f), T.Multiply(x, x)), x, x);
        return T.Divide(x, T.Add(T.Broadcast(1), Exponential.Of<T, V>(T.Multiply(T.Broadcast(-1.5957691216f), cubic))));
    }
}

/// <summary>
/// x · Φ(x), with erfc(z) = p(t)·e^−z², t = 1/(1 + 0.3275911 z), p of degree 5, wrong by at most 1.5e-7 (Abramowitz and Stegun, 7.1.26):
/// x·Φ(x) = max(x, 0) − ½|x|·erfc(|x|/√2).
/// </summary>
internal readonly struct GeluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<T, V>(V x) where T : ISimd<V> where V : struct
    {
        V size = T.Max(T.Subtract(default, x), x), z = T.Multiply(size, T.Broadcast(0.70710678f));
        V t = T.Divide(T.Broadcast(1), T.MultiplyAdd(z, T.Broadcast(0.3275911f), T.Broadcast(1)));
        V p = T.MultiplyAdd(T.Broadcast(1.061405429f), t, T.Broadcast(-1.453152027f));
        p = T.MultiplyAdd(p, t, T.Broadcast(1.421413741f));
        p = T.MultiplyAdd(p, t, T.Broadcast(-0.284496736f));
        p = T.MultiplyAdd(p, t, T.Broadcast(0.254829592f));
        V tail = T.Multiply(T.Multiply(p, t), Exponential.Of<T, V>(T.Subtract(default, T.Multiply(z, z))));
        return T.Subtract(T.Max(default, x), T.Multiply(T.Multiply(size, T.Broadcast(0.5f)), tail));
    }
}

/// <summary>max(x, 0).</summary>
internal readonly struct ReluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<T, V>(V x) where T : ISimd<V> where V : struct => T.Max(default, x);
}
