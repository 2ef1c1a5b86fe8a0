using Flextron.Inference;
using Flextron.Models;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Inference;

public sealed class StandaloneSliceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheCutModelComputesTheMaskedWhole(bool tied)
    {
        ModelConfig config = RandomLlama.TinyConfig(tied);
        HfWeights weights = RandomLlama.Create(config, seed: 5);
        using var model = new DecoderModel(weights.ToDecoderWeights(config));
        var network = new SubNetwork([new BlockShape(1, 9), new BlockShape(1, 9)]);
        using DecoderWeights cut = StandaloneSlice.Cut(model, network);

        Assert.Equal((2, 1, 9, config.HeadSize), (cut.Config.HeadCount, cut.Config.KvGroupCount, cut.Config.NeuronCount, cut.Config.HeadSize));
        int[] ids = [3, 1, 4, 1, 5, 9, 2, 6];
        double[,] whole = NaiveLlama.Logits(config, weights, ids, [new NaiveMask(1, 9), new NaiveMask(1, 9)]);
        double[,] alone = NaiveLlama.Logits(cut.Config, HfWeights.From(cut), ids);
        for (int t = 0; t < ids.Length; t++)
            for (int v = 0; v < config.VocabularySize; v++) Assert.Equal(whole[t, v], alone[t, v], 1e-9);
    }

    [Fact]
    public void DifferentBlocksAreRefused()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        var e = Assert.Throws<FlextronException>(() => StandaloneSlice.Config(config, new SubNetwork([new BlockShape(1, 9), new BlockShape(2, 9)])));
        Assert.Contains("1x9 2x9", e.Message, StringComparison.Ordinal);
    }
}
