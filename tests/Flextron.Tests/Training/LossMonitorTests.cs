using Flextron.Training;

namespace Flextron.Tests.Training;

public sealed class LossMonitorTests
{
    [Fact]
    public void ALastingRiseStopsTrainingAndASingleOneDoesNot()
    {
        var monitor = new LossMonitor(1);
        for (int i = 0; i < 100; i++) monitor.Take(i + 1, i == 60 ? 20 : 3 - i * 0.01);

        var e = Assert.Throws<FlextronException>(() => { for (int i = 0; i < LossMonitor.Window; i++) monitor.Take(i + 101, 4); });
        Assert.Contains("spikeTolerance", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNoNumberStopsTrainingAtOnce()
    {
        var e = Assert.Throws<FlextronException>(() => new LossMonitor(0).Take(7, double.NaN));
        Assert.Contains("diverged at step 7", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARestoredMonitorDecidesAsTheOriginal()
    {
        var original = new LossMonitor(0.5);
        for (int i = 0; i < 40; i++) original.Take(i + 1, 2);
        var restored = new LossMonitor(0.5) { State = original.State };

        int Stops(LossMonitor monitor)
        {
            for (int i = 0; ; i++)
            {
                try { monitor.Take(i, 3); }
                catch (FlextronException) { return i; }
            }
        }

        Assert.Equal(Stops(original), Stops(restored));
    }
}
