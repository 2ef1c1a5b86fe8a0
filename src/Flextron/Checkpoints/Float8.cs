namespace Flextron.Checkpoints;

/// <summary>
/// The two 8-bit floating-point types of the OCP specification (Micikevicius et al. 2022), as tables of their 256 codes. E5M2 is half precision
/// cut to its upper byte; E4M3 has no infinities, and one pattern per sign that is not a number.
/// </summary>
internal static class Float8
{
    /// <summary>Values of E4M3 (<c>F8_E4M3</c>; others call it e4m3fn) by code.</summary>
    public static IReadOnlyList<float> E4M3 => s_e4m3;

    /// <summary>Values of E5M2 (<c>F8_E5M2</c>) by code.</summary>
    public static IReadOnlyList<float> E5M2 => s_e5m2;

    private static readonly float[] s_e4m3 = [.. Enumerable.Range(0, 256).Select(FromE4M3)];
    private static readonly float[] s_e5m2 = [.. Enumerable.Range(0, 256).Select(code => (float)BitConverter.UInt16BitsToHalf((ushort)(code << 8)))];

    private static float FromE4M3(int code)
    {
        int exponent = (code >> 3) & 15, mantissa = code & 7;
        if (exponent == 15 && mantissa == 7) return float.NaN;
        // Exponents are biased by 7; the smallest is that of the subnormal numbers.
        float magnitude = exponent == 0 ? MathF.ScaleB(mantissa, -9) : MathF.ScaleB(8 + mantissa, exponent - 10);
        return code >= 128 ? -magnitude : magnitude;
    }
}
