using Flextron.Workbench.Benchmarks;
using MathNet.Numerics.Distributions;

namespace Flextron.Tests.Workbench.Benchmarks;

[Collection(AloneCollection.Name)]
public sealed class ScalingFitTests
{
    [Fact]
    public void APowerOfTheSizeIsFoundWithTheIntervalOfItsRounds()
    {
        int[] sizes = [2, 4, 8, 16, 32, 64];
        // Three rounds with exponents of their own; below the larger half a fixed cost rules, which must not count.
        double[] exponents = [0.9, 1.0, 1.3];
        double[][] costs = [.. sizes.Select(n => exponents.Select(e => n < 16 ? 1000 : 3 * Math.Pow(n, e)).ToArray())];
        ScalingFit fit = ScalingFit.Of(sizes, costs);
        Assert.All(exponents.Zip(fit.ByRound), p => Assert.Equal(p.First, p.Second, 1e-12));
        double mean = 3.2 / 3, sd = Math.Sqrt(exponents.Sum(e => (e - mean) * (e - mean)) / 2);
        Assert.Equal(mean, fit.Exponent, 1e-12);
        Assert.Equal(StudentT.InvCDF(0, 1, 2, 0.975) * sd / Math.Sqrt(3), fit.HalfWidth, 1e-12);
    }

    [Fact]
    public void OneRoundHasNoInterval() => Assert.True(double.IsNaN(ScalingFit.Of([1, 2, 4], [[1], [2], [4]]).HalfWidth));

    [Fact]
    public void TheLargerHalfHasAtLeastThreeSizes()
    {
        // Of four sizes the last three: slopes 1, 1 and then 2 are 1.5 together, where the last two alone would say 2.
        Assert.Equal(1.5, ScalingFit.Of([1, 2, 4, 8], [[1], [2], [4], [16]]).Exponent, 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => ScalingFit.Of([1, 2], [[1], [2]]));
    }

    [Fact]
    public void MemoryThatWorkTakesIsSeenWhileItHoldsIt()
    {
        long taken = PeakMemory.During(() =>
        {
            byte[] block = GC.AllocateUninitializedArray<byte>(200 << 20);
            for (int i = 0; i < block.Length; i += 4096) block[i] = 1;
            Thread.Sleep(20);
            GC.KeepAlive(block);
        });
        Assert.InRange(taken, 100L << 20, 2000L << 20);
    }
}
