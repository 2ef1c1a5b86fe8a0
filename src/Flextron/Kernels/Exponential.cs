using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Flextron.Kernels;

/// <summary>
/// eˣ in float32 to within two units of the last place, sixteen at a time; the runtime's own goes through float64 and takes several times as long.
/// Below −87.3 the result is 0, above 88.7 infinity; not-a-number stays.
/// </summary>
internal static class Exponential
{
    private const float LogarithmOfTwoHigh = 0.693359375f, LogarithmOfTwoLow = -2.12194440e-4f, Log2E = 1.44269504f;

    /// <summary>eˣ of sixteen lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector512<float> x)
    {
        // x = n·ln 2 + r with |r| ≤ ln 2 / 2, ln 2 in two parts; eʳ by its Taylor-like minimax polynomial (Moshier, Cephes), times 2ⁿ through the exponent bits.
        Vector512<float> clamped = Vector512.Min(Vector512.Max(x, Vector512.Create(-88f)), Vector512.Create(89f));
        Vector512<float> n = Vector512.Round(clamped * Log2E);
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-LogarithmOfTwoHigh), clamped);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-LogarithmOfTwoLow), r);
        Vector512<float> p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r + Vector512<float>.One);
        // Half the exponent twice: 2ⁿ itself may be too large or too small for a float.
        Vector512<int> exponent = Vector512.ConvertToInt32Native(n), half = exponent >> 1;
        Vector512<float> first = ((half + Vector512.Create(127)) << 23).AsSingle(), second = ((exponent - half + Vector512.Create(127)) << 23).AsSingle();
        Vector512<float> result = p * first * second;
        result = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(-87.3365f)), Vector512<float>.Zero, result);
        result = Vector512.ConditionalSelect(Vector512.GreaterThan(x, Vector512.Create(88.7228f)), Vector512.Create(float.PositiveInfinity), result);
        return Vector512.ConditionalSelect(Vector512.Equals(x, x), result, x);
    }
}
