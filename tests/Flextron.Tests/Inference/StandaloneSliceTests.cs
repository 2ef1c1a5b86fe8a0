using Flextron.Inference;
using Flextron.Models;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Inference;

public sealed class StandaloneSliceTests
{
    private static readonly int[] Ids = [3, 1, 4, 1, 5, 9, 2, 6];

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, null)]
    [InlineData(true, 11)]
    [InlineData(false, 6)]
    public void TheCutModelComputesTheMaskedWhole(bool tied, int? width)
    {
        ModelConfig config = RandomLlama.TinyConfig(tied);
        var network = new SubNetwork([new BlockShape(1, 9), new BlockShape(1, 9)], width);

        ModelConfig cut = CutEqualsMask(config, network, padded: false);

        Assert.Equal((2, 1, 9, config.HeadSize, width ?? 16), (cut.HeadCount, cut.KvGroupCount, cut.NeuronCount, cut.HeadSize, cut.HiddenSize));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void SkippedBlocksAreLeftOut(int skipped)
    {
        ModelConfig config = RandomLlama.TinyConfig() with { BlockCount = 3 };
        var network = new SubNetwork(Enumerable.Range(0, 3).Select(i => i == skipped ? BlockShape.Skipped : new BlockShape(2, 13)), 10);

        Assert.Equal(2, CutEqualsMask(config, network, padded: false).BlockCount);
    }

    /// <summary>What is said of single blocks is said of those that are left.</summary>
    [Theory]
    [InlineData(0, 3, "0", "0")]
    [InlineData(1, 3, "0", null)]
    [InlineData(2, null, null, "1")]
    public void PatternsFollowTheBlocksThatAreLeft(int skipped, int? window, string? unwindowed, string? unrotated)
    {
        // Blocks 0 and 1 see everything, block 1 does not rotate.
        ModelConfig config = RandomLlama.TinyConfig() with { BlockCount = 3, UnwindowedBlocks = new BlockPattern([true, true, false]), UnrotatedBlocks = new BlockPattern([false, true, false]) };
        config = config with { Architecture = config.Architecture with { SlidingWindow = 3 } };
        ModelConfig cut = StandaloneSlice.Config(config, new SubNetwork(Enumerable.Range(0, 3).Select(i => i == skipped ? BlockShape.Skipped : new BlockShape(2, 13)))).Validated("The cut");
        Assert.Equal((window, unwindowed, unrotated), (cut.Architecture.SlidingWindow, cut.UnwindowedBlocks?.ToString(), cut.UnrotatedBlocks?.ToString()));
    }

    [Theory]
    [InlineData(1, 9, 2, 4)]
    [InlineData(0, 9, 2, 4)]
    [InlineData(0, 9, 0, 20)]
    [InlineData(1, 0, 2, 0)]
    public void DifferentBlocksCanBePadded(int groups0, int neurons0, int groups1, int neurons1)
    {
        ModelConfig config = RandomLlama.TinyConfig();
        var network = new SubNetwork([new BlockShape(groups0, neurons0), new BlockShape(groups1, neurons1)], 12);

        ModelConfig cut = CutEqualsMask(config, network, padded: true);

        Assert.Equal((Math.Max(1, Math.Max(groups0, groups1)), Math.Max(1, Math.Max(neurons0, neurons1))), (cut.KvGroupCount, cut.NeuronCount));
    }

    [Theory]
    [InlineData(1, 9, 2, 9, "1x9 2x9 have different widths")]
    [InlineData(0, 9, 0, 9, "have no attention")]
    [InlineData(2, 0, 2, 0, "have no MLP")]
    [InlineData(0, 0, 0, 0, "keeps no block")]
    public void WhatNoCheckpointCanExpressIsRefused(int groups0, int neurons0, int groups1, int neurons1, string message)
    {
        var network = new SubNetwork([new BlockShape(groups0, neurons0), new BlockShape(groups1, neurons1)]);

        var e = Assert.Throws<FlextronException>(() => StandaloneSlice.Config(RandomLlama.TinyConfig(), network));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    private static ModelConfig CutEqualsMask(ModelConfig config, SubNetwork network, bool padded)
    {
        HfWeights weights = RandomLlama.Create(config, seed: 5);
        using var model = new DecoderModel(weights.ToDecoderWeights(config));
        using DecoderWeights cut = StandaloneSlice.Cut(model, network, padded);
        double[,] whole = NaiveLlama.Logits(config, weights, Ids, [.. network.Blocks.Select(b => new NaiveMask(b.KvGroups, b.Neurons))], network.Width);
        double[,] alone = NaiveLlama.Logits(cut.Config, HfWeights.From(cut), Ids);
        for (int t = 0; t < Ids.Length; t++)
            for (int v = 0; v < config.VocabularySize; v++) Assert.Equal(whole[t, v], alone[t, v], 1e-9);
        return cut.Config;
    }
}
