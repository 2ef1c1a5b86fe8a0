using System.Runtime.CompilerServices;

namespace Flextron.Inference.Kernels;

/// <summary>Functions of vectors.</summary>
internal static class VectorMath<T, V> where T : ISimd<V> where V : struct
{
    /// <summary>
    /// e^x to about one unit in the last place between −87 and 88, and the values there outside: x = n·ln 2 + r with ln 2 in two parts, then a
    /// polynomial of degree 6 in r (coefficients of the Cephes library).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        x = T.Min(T.Broadcast(88.02f), T.Max(T.Broadcast(-87.33f), x));
        V n = T.Round(T.Multiply(x, T.Broadcast(1.44269504f)));
        V r = T.MultiplyAdd(n, T.Broadcast(-0.693359375f), x);
        r = T.MultiplyAdd(n, T.Broadcast(2.12194440e-4f), r);
        V p = T.MultiplyAdd(T.Broadcast(1.9875691500e-4f), r, T.Broadcast(1.3981999507e-3f));
        p = T.MultiplyAdd(p, r, T.Broadcast(8.3334519073e-3f));
        p = T.MultiplyAdd(p, r, T.Broadcast(4.1665795894e-2f));
        p = T.MultiplyAdd(p, r, T.Broadcast(1.6666665459e-1f));
        p = T.MultiplyAdd(p, r, T.Broadcast(5.0000001201e-1f));
        p = T.MultiplyAdd(p, T.Multiply(r, r), T.Add(r, T.Broadcast(1)));
        return T.Multiply(p, T.PowerOfTwo(n));
    }
}
