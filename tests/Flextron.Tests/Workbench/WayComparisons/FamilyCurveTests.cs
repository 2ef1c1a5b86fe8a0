using Flextron.Workbench.WayComparisons;

namespace Flextron.Tests.Workbench.WayComparisons;

public sealed class FamilyCurveTests
{
    // Not monotone: the slower of the two in the middle is worse. The fastest was chosen twice.
    private static readonly FamilyCurve Curve = new([(40, 2.0), (10, 4.0), (10, 4.0), (20, 2.5), (30, 3.0)]);

    [Theory]
    [InlineData(10, 4.0)]
    [InlineData(15, 3.25)]
    [InlineData(24, 2.7)]
    [InlineData(37.5, 2.25)]
    [InlineData(40, 2.0)]
    public void BetweenNeighboursTheLossLiesOnALine(double ms, double loss) => Assert.Equal(loss, Curve.At(ms)!.Value, 1e-12);

    [Fact]
    public void ALittleBeyondTheEndsCountsAsTheEndAndMoreIsOutOfReach()
    {
        Assert.Equal((4.0, 2.0), (Curve.At(9.81), Curve.At(40.79)));
        Assert.Null(Curve.At(9.79));
        Assert.Null(Curve.At(40.81));
        Assert.Null(Curve.Within(9.79));
        Assert.Null(Curve.Within(40.81));
        Assert.Null(Curve.At(double.NaN));
    }

    [Fact]
    public void TheBestThatIsNoSlowerMayBeAFasterOne()
    {
        Assert.Equal(4.0, Curve.Within(9.9));
        Assert.Equal(4.0, Curve.Within(19));
        Assert.Equal(2.5, Curve.Within(19.7));
        Assert.Equal(2.5, Curve.Within(35));
        Assert.Equal(2.0, Curve.Within(40));
    }

    [Fact]
    public void OneNetworkIsAPoint()
    {
        var one = new FamilyCurve([(10, 3.0), (10, 3.0)]);
        Assert.Equal((3.0, null), (one.At(10.1), one.At(11)));
    }

    [Fact]
    public void WhatIsJustInReachHasANetworkThatIsNoSlower()
    {
        var curve = new FamilyCurve([(100, 2), (200, 1)]);
        Assert.Equal(2, curve.Within(100 / 1.0199));
        // Between 0.98 and 1 / 1.02 of the fastest nothing is no slower.
        Assert.Null(curve.Within(98.02));
        Assert.Null(curve.At(98.02));
    }
}
