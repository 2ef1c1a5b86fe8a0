using Flextron.Data;
using TorchSharp;

namespace Flextron.Tests.Data;

public sealed class CorpusTests
{
    [Fact]
    public void DocumentsAreCutAtSeparatorsOrParagraphs()
    {
        Assert.Equal(["one\ntwo", "three"], TextCorpus.Cut("one\ntwo\n<|endoftext|>\n\nthree\n<|endoftext|>\n"));
        string paragraph = new('x', 1500);
        Assert.Equal([$"{paragraph}\n\n{paragraph}", "end"], TextCorpus.Cut($"{paragraph}\n\n\n\n{paragraph}\n\nend"));
    }

    [Fact]
    public void AJsonLineWithoutTextIsNamedByItsNumber()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["a.jsonl"], "{\"text\":\"fine\"}\n{\"txt\":\"no\"}\n");

        var e = Assert.Throws<FlextronException>(() => TextCorpus.Documents(folder["a.jsonl"]));
        Assert.Contains("a.jsonl line 2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEmptyFileIsRefused()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["a.txt"], "\n\n");

        var e = Assert.Throws<FlextronException>(() => TextCorpus.Documents(folder["a.txt"]));
        Assert.Contains("is empty", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASplitPartsByContentInTheAskedShares()
    {
        string[] documents = [.. Enumerable.Range(0, 2000).Select(i => $"document {i}")];

        CorpusSplit split = CorpusSplit.Of(documents.Concat(documents), 0.1, 0.2, seed: 1);

        Assert.Equal(4000, split.Calibration.Count + split.Train.Count + split.HeldOut.Count);
        Assert.Empty(split.Train.Intersect(split.HeldOut));
        Assert.Empty(split.Calibration.Intersect(split.HeldOut));
        Assert.InRange(split.HeldOut.Count / 4000.0, 0.17, 0.23);
        Assert.InRange(split.Calibration.Count / 4000.0, 0.08, 0.12);
    }

    [Fact]
    public void AnEpochVisitsEveryWindowOnce()
    {
        TokenCorpus corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 101)]);
        var sampler = new WindowSampler(corpus, windowLength: 10, seed: 3);
        Assert.Equal(10, sampler.WindowCount);

        long[] starts = [.. Enumerable.Range(0, 5).SelectMany(step => Starts(sampler, step))], next = [.. Enumerable.Range(5, 5).SelectMany(step => Starts(sampler, step))];

        Assert.Equal(Enumerable.Range(0, 10).Select(i => 10L * i), starts.Order());
        Assert.Equal(starts.Order(), next.Order());
        Assert.NotEqual(starts, next);
        Assert.Equal(Starts(sampler, 1), Starts(new WindowSampler(corpus, 10, 3), 1));
    }

    private static long[] Starts(WindowSampler sampler, int step)
    {
        (torch.Tensor input_BT, torch.Tensor target_BT) = sampler.Batch(step, 2);
        Assert.True(((target_BT - input_BT) == 1).all().item<bool>());
        return [input_BT[0, 0].item<long>(), input_BT[1, 0].item<long>()];
    }
}
