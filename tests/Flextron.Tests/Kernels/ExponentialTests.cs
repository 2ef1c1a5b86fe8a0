using System.Runtime.Intrinsics;
using Flextron.Kernels;

namespace Flextron.Tests.Kernels;

public sealed class ExponentialTests
{
    [Fact]
    public void ItStaysWithinTwoUnitsOfTheLastPlace()
    {
        double largest = 0;
        for (float x = -87f; x < 88.7f; x += 0.00137f)
        {
            double exact = Math.Exp(x), relative = Math.Abs(At(x) - exact) / exact;
            largest = Math.Max(largest, relative);
        }

        Assert.True(largest < 2.4e-7, $"relative error {largest}");
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(-200f, 0f)]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(100f, float.PositiveInfinity)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NaN, float.NaN)]
    public void TheEndsAreWhatTheyShouldBe(float x, float expected) => Assert.Equal(expected, At(x));

    private static float At(float x) => Exponential.Of(Vector512.Create(x))[3];
}
