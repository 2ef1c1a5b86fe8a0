using Flextron.Workbench.Experiments;
using TorchSharp;

namespace Flextron.Tests.Workbench.Experiments;

public sealed class SideBySideTests
{
    [Theory]
    [InlineData(10, 0, 4, 1L << 30, 4)]
    [InlineData(3, 0, 8, 1L << 30, 3)]
    [InlineData(10, 1L << 30, 8, 5L << 30, 3)]
    [InlineData(10, 1L << 40, 8, 5L << 30, 1)]
    [InlineData(10, 1, 8, -5, 1)]
    [InlineData(0, 0, 8, 1, 1)]
    public void AsManyAsThreadsAndMemoryAllow(int pieces, long bytesEach, int most, long free, int expected) => Assert.Equal(expected, SideBySide.Workers(pieces, bytesEach, most, free));

    [Fact]
    public void ResultsKeepTheirOrderAndThreadsAreShared()
    {
        int before = torch.get_num_threads();
        try
        {
            torch.set_num_threads(6);
            (int Index, int Threads)[] results = SideBySide.Run(7, 3, i =>
            {
                Thread.Sleep(10 * (7 - i));
                return (i, torch.get_num_threads());
            });
            Assert.Equal(Enumerable.Range(0, 7).Select(i => (i, 2)), results);
            Assert.Equal(6, torch.get_num_threads());
        }
        finally
        {
            torch.set_num_threads(before);
        }
    }

    [Fact]
    public void AfterAFailureNothingNewIsBegun()
    {
        int begun = 0;
        FlextronException e = Assert.Throws<FlextronException>(() => SideBySide.Run<int>(100, 2, i =>
        {
            Interlocked.Increment(ref begun);
            if (i == 1) throw new FlextronException("no data");
            Thread.Sleep(100);
            return i;
        }));
        Assert.Equal("no data", e.Message);
        Assert.True(begun < 5, $"{begun} pieces were begun");
    }

    [Fact]
    public void WhoeverMeasuresIsAlone()
    {
        int inside = 0, mostBeside = 0, besideMeasuring = 0;
        SideBySide.Run(12, 6, i =>
        {
            bool measures = i % 4 == 3;
            MeasuringGate.Run(measures, () =>
            {
                int now = Interlocked.Increment(ref inside);
                if (measures) besideMeasuring = Math.Max(besideMeasuring, now);
                else mostBeside = Math.Max(mostBeside, now);
                Thread.Sleep(30);
                Interlocked.Decrement(ref inside);
            });
            return 0;
        });
        Assert.Equal(1, besideMeasuring);
        Assert.True(mostBeside > 1);
    }
}
