using Flextron.Workbench.DepthComparisons;

namespace Flextron.Tests.Workbench.DepthComparisons;

public sealed class EqualLossTests
{
    // A U over sizes 100, 10,000 and 1,000,000, of 1, 4 and 16 microseconds a token.
    private static readonly EqualLoss Curve = new([new(1_000_000, 2.5, 16e-6), new(100, 3, 1e-6), new(10_000, 2, 4e-6)]);

    [Theory]
    [InlineData(3.0, 100, 1e-6)]
    [InlineData(2.5, 1_000, 2e-6)]
    [InlineData(2.0, 10_000, 4e-6)]
    public void TheSmallestSizeThatReachesALossIsReadOffBetweenMeasuredOnes(double loss, double parameters, double seconds)
    {
        (double p, double s, bool bounded) = Curve.At(loss);
        Assert.Equal(parameters, p, 1e-6 * parameters);
        Assert.Equal(seconds, s, 1e-6 * seconds);
        Assert.False(bounded);
    }

    [Fact]
    public void WhereTheSmallestIsBetterStillItIsABound()
    {
        Assert.Equal((100, 1e-6, true), Curve.At(3.5));
        Assert.Equal(2, Curve.Best);
        Assert.Throws<ArgumentOutOfRangeException>(() => Curve.At(1.9));
    }
}
