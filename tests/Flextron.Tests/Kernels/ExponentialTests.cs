using System.Runtime.Intrinsics;
using Flextron.Kernels;

namespace Flextron.Tests.Kernels;

public sealed class ExponentialTests
{
    private const int Widths = 3;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void ItStaysWithinTwoUnitsOfTheLastPlace(int width)
    {
        double largest = 0;
        for (float x = -87f; x < 88.7f; x += 0.00137f)
        {
            double exact = Math.Exp(x), relative = Math.Abs(At(x, width) - exact) / exact;
            largest = Math.Max(largest, relative);
        }

        Assert.True(largest < 2.4e-7, $"relative error {largest}");
        // Between the least normal number and zero there are few digits left: two steps of the smallest.
        for (float x = -105; x < -87; x += 0.01f) Assert.Equal(Math.Exp(x), At(x, width), 2.9e-45);
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(-200f, 0f)]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(100f, float.PositiveInfinity)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NaN, float.NaN)]
    public void TheEndsAreWhatTheyShouldBe(float x, float expected) => Assert.All(Enumerable.Range(0, Widths), width => Assert.Equal(expected, At(x, width)));

    private static float At(float x, int width) => width switch
    {
        0 => Exponential.Of(Vector512.Create(x))[3],
        1 => Exponential.Of<Simd256, Vector256<float>>(Vector256.Create(x))[3],
        _ => Exponential.Of<Simd128, Vector128<float>>(Vector128.Create(x))[3],
    };
}
