using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Flextron.Kernels;

/// <summary>
/// eˣ in float32 to within two units of the last place, a vector at a time; the runtime's own goes through float64 and takes several times as long.
/// Beyond what a float holds the result is 0 or infinity; not-a-number stays.
/// </summary>
internal static class Exponential
{
    private const float LogarithmOfTwoHigh = 0.693359375f, LogarithmOfTwoLow = -2.12194440e-4f, Log2E = 1.44269504f;

    /// <summary>eˣ of sixteen lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector512<float> x) => Of<Simd512, Vector512<float>>(x);

    /// <summary>eˣ of a vector's lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<T, V>(V x) where T : ISimd<V> where V : struct
    {
        // x = n·ln 2 + r with |r| ≤ ln 2 / 2, ln 2 in two parts; eʳ by its Taylor-like minimax polynomial (Moshier, Cephes), times 2ⁿ through the exponent bits.
        // At the ends of the range 2ⁿ rounds to 0 or infinity by itself. Of a pair with not-a-number the second operand is taken: x.
        x = T.Min(T.Broadcast(90), T.Max(T.Broadcast(-105), x));
        V n = T.Round(T.Multiply(x, T.Broadcast(Log2E)));
        V r = T.MultiplyAdd(n, T.Broadcast(-LogarithmOfTwoHigh), x);
        r = T.MultiplyAdd(n, T.Broadcast(-LogarithmOfTwoLow), r);
        V p = T.MultiplyAdd(T.Broadcast(1.9875691500e-4f), r, T.Broadcast(1.3981999507e-3f));
        p = T.MultiplyAdd(p, r, T.Broadcast(8.3334519073e-3f));
        p = T.MultiplyAdd(p, r, T.Broadcast(4.1665795894e-2f));
        p = T.MultiplyAdd(p, r, T.Broadcast(1.6666665459e-1f));
        p = T.MultiplyAdd(p, r, T.Broadcast(5.0000001201e-1f));
        p = T.MultiplyAdd(p, T.Multiply(r, r), T.Add(r, T.Broadcast(1)));
        return T.Scale(p, n);
    }
}
