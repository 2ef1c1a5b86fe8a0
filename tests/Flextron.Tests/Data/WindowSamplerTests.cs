using Flextron.Data;
using Flextron.Data.Shards;
using TorchSharp;

namespace Flextron.Tests.Data;

public sealed class WindowSamplerTests
{
    [Fact]
    public void AnEpochVisitsEveryWindowOnce()
    {
        using TokenCorpus corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 101)]);
        var sampler = new WindowSampler(corpus, windowLength: 10, seed: 3);
        Assert.Equal(10, sampler.WindowCount);

        long[] starts = [.. Enumerable.Range(0, 5).SelectMany(step => Starts(sampler, step))], next = [.. Enumerable.Range(5, 5).SelectMany(step => Starts(sampler, step))];

        Assert.Equal(Enumerable.Range(0, 10).Select(i => 10L * i), starts.Order());
        Assert.Equal(starts.Order(), next.Order());
        Assert.NotEqual(starts, next);
        Assert.Equal(Starts(sampler, 1), Starts(new WindowSampler(corpus, 10, 3), 1));
    }

    [Fact]
    public void APositionIsAllThatAResumedRunNeeds()
    {
        using TokenCorpus corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 1000)]);
        var sampler = new WindowSampler(corpus, windowLength: 7, seed: 5);
        long[] whole = [.. Enumerable.Range(0, 400).Select(i => sampler.WindowAt(i))];

        // Batches of another size, begun anywhere, go on in the same sequence; the epoch's end at 142 lies within.
        var resumed = new WindowSampler(corpus, windowLength: 7, seed: 5);
        (torch.Tensor input_BT, _) = resumed.BatchAt(130, 30);
        Assert.Equal(whole[130..160].Select(w => w * 7), Enumerable.Range(0, 30).Select(i => input_BT[i, 0].item<long>()));
        Assert.NotEqual(whole, Enumerable.Range(0, 400).Select(i => new WindowSampler(corpus, 7, seed: 6).WindowAt(i)));
    }

    // Ids are a function of their place, so that a window anywhere can be checked without the corpus being stored.
    [Fact]
    public void WindowsBeyondTheRangeOfAnIntegerAreReadWhereTheyAre()
    {
        const long Length = 6_000_000_000;
        using TokenCorpus corpus = TokenCorpus.OfBlocks([new FormulaBlock(0, 1_000_000_003), new FormulaBlock(1_000_000_003, 0), new FormulaBlock(1_000_000_003, Length - 1_000_000_003)]);
        var sampler = new WindowSampler(corpus, windowLength: 64, seed: 1);
        Assert.Equal((Length - 1) / 64, sampler.WindowCount);

        long[] windows = [sampler.WindowCount - 1, 1_000_000_003 / 64, .. Enumerable.Range(0, 50).Select(i => sampler.WindowAt(i))];
        Assert.Contains(windows, w => w * 64 > int.MaxValue);
        (torch.Tensor input_BT, torch.Tensor target_BT) = sampler.Windows(windows);

        for (int i = 0; i < windows.Length; i++)
        {
            Assert.Equal(Enumerable.Range(0, 64).Select(t => (long)FormulaBlock.Id(windows[i] * 64 + t)), input_BT[i].data<long>());
            Assert.Equal(Enumerable.Range(1, 64).Select(t => (long)FormulaBlock.Id(windows[i] * 64 + t)), target_BT[i].data<long>());
        }
    }

    [Fact]
    public void SpreadWindowsAreEvenAndDistinct()
    {
        using TokenCorpus corpus = TokenCorpus.OfIds(new int[1001]);
        Assert.Equal([0, 25, 50, 75], new WindowSampler(corpus, 10, 0).Spread(4));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (long)i), new WindowSampler(corpus, 10, 0).Spread(1000));
    }

    [Fact]
    public void AShortTextIsRefused()
    {
        using TokenCorpus corpus = TokenCorpus.OfIds(new int[10]);
        Assert.Contains("fewer than one window of 11", Assert.Throws<FlextronException>(() => new WindowSampler(corpus, 10, 0)).Message, StringComparison.Ordinal);
    }

    private static long[] Starts(WindowSampler sampler, int step)
    {
        (torch.Tensor input_BT, torch.Tensor target_BT) = sampler.Batch(step, 2);
        Assert.True(((target_BT - input_BT) == 1).all().item<bool>());
        return [input_BT[0, 0].item<long>(), input_BT[1, 0].item<long>()];
    }

    private sealed class FormulaBlock(long first, long length) : TokenBlock
    {
        public override long Length => length;

        public override int LargestId => 65535;

        public static int Id(long place) => (int)((ulong)place * 0x9e3779b97f4a7c15UL >> 48);

        public override void CopyTo(long start, Span<int> destination)
        {
            for (int i = 0; i < destination.Length; i++) destination[i] = Id(first + start + i);
        }

        public override void Dispose() { }
    }
}
