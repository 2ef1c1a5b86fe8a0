using Flextron.Latency;

namespace Flextron.Tests.Latency;

public sealed class EndToEndTests
{
    [Fact]
    public void TimeGoesToWhatIsNotKnownWellYet()
    {
        var random = new Random(1);
        int[] ran = new int[4];
        Func<WorkloadTiming> Run(int index, double ms, double noise) => () =>
        {
            ran[index]++;
            return new WorkloadTiming(ms * (1 + noise * (random.NextDouble() - 0.5)), 0);
        };

        ProfileSettings settings = new() { MinimumRounds = 5, MaximumRounds = 400, Seconds = 60, WarmUpSeconds = 0, Precision = 0.01 };
        EndToEndTimings timings = EndToEnd.Measure([Run(0, 10, 0.001), Run(1, 20, 0.3), Run(2, 30, 0.001)], settings, Run(3, 40, 0.001));
        // One run each to warm up, then rounds.
        Assert.Equal((6, 6), (ran[0], ran[2]));
        Assert.InRange(ran[1], 20, 401);
        Assert.Equal(20, timings.Total[1].Median, 0.8);
        Assert.True(0.929 * (timings.Total[1].Upper - timings.Total[1].Lower) / Math.Sqrt(timings.Total[1].Count) <= 0.01 * timings.Total[1].Median);
        Assert.Equal(5, timings.Total[0].Count);

        // Without it all alike.
        Array.Clear(ran);
        EndToEnd.Measure([Run(0, 10, 0.001), Run(1, 20, 0.3), Run(2, 30, 0.001)], settings with { Precision = 0, MaximumRounds = 12 });
        Assert.Equal([13, 13, 13], ran.Take(3));
        Assert.Throws<FlextronException>(() => (settings with { Precision = -1 }).Validated());
    }
}
