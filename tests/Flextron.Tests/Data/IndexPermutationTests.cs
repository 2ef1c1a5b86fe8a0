using Flextron.Data;

namespace Flextron.Tests.Data;

public sealed class IndexPermutationTests
{
    [Fact]
    public void EveryCountIsPermuted()
    {
        foreach (int count in (int[])[.. Enumerable.Range(1, 140), 255, 256, 257, 1023, 4096, 5000, 65_537])
        {
            for (ulong key = 0; key < 3; key++)
            {
                var order = new IndexPermutation(count, key);
                Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), Enumerable.Range(0, count).Select(i => order[i]).Order());
            }
        }
    }

    [Fact]
    public void AVastRangeIsPermutedWithoutBeingWalked()
    {
        const long Count = (1L << 40) + 12345;
        var order = new IndexPermutation(Count, 9);
        HashSet<long> seen = [];
        for (long i = 0; i < 100_000; i++)
        {
            long value = order[Count - 1 - i * 7];
            Assert.InRange(value, 0, Count - 1);
            Assert.True(seen.Add(value));
        }
        // Evenly over the range: a mean of uniform values, within five standard errors.
        Assert.InRange(seen.Average() / Count, 0.5 - 5 * Math.Sqrt(1 / 12.0 / 100_000), 0.5 + 5 * Math.Sqrt(1 / 12.0 / 100_000));
    }

    // Over many keys every value is as likely at every place, and every pair of neighbours as likely as any other.
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(12)]
    public void NoPlaceAndNoNeighbourIsFavoured(int count)
    {
        const int Keys = 40_000;
        int[] places = new int[count * count], neighbours = new int[count * count];
        for (int k = 0; k < Keys; k++)
        {
            var order = new IndexPermutation(count, Seeds.Mix(k, "test"));
            for (int i = 0; i < count; i++) places[i * count + order[i]]++;
            neighbours[order[0] * count + order[1]]++;
        }
        Assert.InRange(ChiSquared(places, Keys / (double)count) / (count * count), 0, 1.9);
        int[] apart = [.. neighbours.Where((_, i) => i / count != i % count)];
        Assert.InRange(ChiSquared(apart, Keys / (double)apart.Length) / apart.Length, 0, 2.3);
    }

    // Written down, so that a change of the order (which changes every training run) cannot pass unseen.
    [Fact]
    public void TheOrderIsTheSameInEveryVersion()
    {
        var order = new IndexPermutation(10, 1);
        Assert.Equal("3 4 9 0 1 7 6 2 5 8", string.Join(' ', Enumerable.Range(0, 10).Select(i => order[i])));
    }

    [Fact]
    public void PlacesOutsideAreRefused()
    {
        var order = new IndexPermutation(10, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => order[10]);
        Assert.Throws<ArgumentOutOfRangeException>(() => order[-1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new IndexPermutation(0, 1));
    }

    private static double ChiSquared(int[] counts, double expected) => counts.Sum(c => (c - expected) * (c - expected) / expected);
}
