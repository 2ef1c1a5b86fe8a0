using Flextron.Workbench.Display;

namespace Flextron.Tests.Workbench.Display;

public sealed class RateMeterTests
{
    [Fact]
    public void AConstantSpeedIsExactWhateverTheSpacing()
    {
        var meter = new RateMeter();
        foreach (double t in new[] { 0, 1, 1.5, 10, 40, 41 }) meter.Add((long)(t * 20), TimeSpan.FromSeconds(t));
        Assert.Equal(20, meter.PerSecond!.Value, 10);
        Assert.Equal((1000 - 820) / 20.0, meter.Remaining(1000, TimeSpan.FromSeconds(41))!.Value.TotalSeconds, 5);
    }

    [Fact]
    public void AChangeOfSpeedFadesInByTheClosedForm()
    {
        // 100 units in 10 s, then 400 in 5 s, with τ = 8 s.
        var meter = new RateMeter(8);
        meter.Add(7, TimeSpan.Zero);
        meter.Add(107, TimeSpan.FromSeconds(10));
        meter.Add(507, TimeSpan.FromSeconds(15));
        double fade = Math.Exp(-5 / 8.0);
        double expected = (100 * fade + 400) / (10 * fade + 5);
        Assert.Equal(expected, meter.PerSecond!.Value, 10);
        // Two seconds after the last report, two seconds less are left.
        Assert.Equal(1000 / expected - 2, meter.Remaining(1507, TimeSpan.FromSeconds(17))!.Value.TotalSeconds, 5);
    }

    [Fact]
    public void WorkTakenUpFromACheckpointIsNoSpeed()
    {
        var meter = new RateMeter();
        meter.Add(5000, TimeSpan.FromSeconds(3));
        Assert.Null(meter.PerSecond);
        Assert.Null(meter.Remaining(6000, TimeSpan.FromSeconds(3)));
        meter.Add(5010, TimeSpan.FromSeconds(4));
        Assert.Equal(10, meter.PerSecond!.Value, 10);
    }

    [Fact]
    public void FewerUnitsBeginAnew()
    {
        var meter = new RateMeter();
        meter.Add(0, TimeSpan.Zero);
        meter.Add(900, TimeSpan.FromSeconds(1));
        meter.Add(0, TimeSpan.FromSeconds(2));
        meter.Add(4, TimeSpan.FromSeconds(4));
        Assert.Equal(2, meter.PerSecond!.Value, 10);
    }

    [Fact]
    public void AStallNeverGivesNegativeTime()
    {
        var meter = new RateMeter();
        meter.Add(0, TimeSpan.Zero);
        meter.Add(10, TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, meter.Remaining(20, TimeSpan.FromSeconds(100)));
    }
}
