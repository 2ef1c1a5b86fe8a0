using Flextron.Importance;
using Flextron.Models;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Importance;

public sealed class WeightPermutationTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void ThePermutedNetworkComputesTheSameFunction(bool channels, bool tied)
    {
        ModelConfig config = RandomLlama.TinyConfig(tied);
        HfWeights reference = RandomLlama.Create(config, seed: 1);
        using DecoderWeights weights = reference.ToDecoderWeights(config);
        WeightPermutation.Apply(weights, ImportanceOrder.Random(config, seed: 6, channels));
        int[] ids = [1, 2, 3, 4, 5, 6];

        double[,] before = NaiveLlama.Logits(config, reference, ids), after = NaiveLlama.Logits(config, HfWeights.From(weights), ids);

        Assert.NotEqual(reference.Blocks[0].Gate, HfWeights.From(weights).Blocks[0].Gate);
        Assert.All(before.Cast<double>().Zip(after.Cast<double>()), p => Assert.Equal(p.First, p.Second, 1e-9));
    }

    [Fact]
    public void RowsMoveWhereTheOrderSays()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using DecoderWeights weights = RandomLlama.Create(config, seed: 1).ToDecoderWeights(config), before = weights.Clone();
        var order = new BlockOrder([1, 0], [.. Enumerable.Range(0, config.NeuronCount).Reverse()]);

        WeightPermutation.Apply(weights, new ImportanceOrder([order, order]));

        // Two query heads of six elements per group: row 0 of the new query is row 12 of the old one; keys have one head per group.
        Assert.True(weights.Blocks[1].Query_QC[0].equal(before.Blocks[1].Query_QC[12]).all().item<bool>());
        Assert.True(weights.Blocks[1].Key_KC[0].equal(before.Blocks[1].Key_KC[6]).all().item<bool>());
        Assert.True(weights.Blocks[0].Down_DC[0].equal(before.Blocks[0].Down_DC[19]).all().item<bool>());
    }

    [Fact]
    public void ChannelsMoveEverywhereTogether()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using DecoderWeights weights = RandomLlama.Create(config, seed: 1).ToDecoderWeights(config), before = weights.Clone();
        int[] rows = [.. Enumerable.Range(0, config.NeuronCount)], channels = [.. Enumerable.Range(0, config.HiddenSize).Reverse()];
        var still = new BlockOrder([0, 1], rows);

        WeightPermutation.Apply(weights, new ImportanceOrder([still, still]) { Channels = channels });

        foreach (((string name, Tensor now), (_, Tensor then)) in weights.Named().Zip(before.Named()))
            Assert.True(now.equal(then.flip(now.dim() - 1)).all().item<bool>(), name);
        var e = Assert.Throws<FlextronException>(() => WeightPermutation.Apply(weights, new ImportanceOrder([still, still]) { Channels = [0, 1] }));
        Assert.Contains("the residual stream is not a permutation of its 16 channels", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnOrderThatIsNoPermutationIsRefused()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using DecoderWeights weights = RandomLlama.Create(config, seed: 1).ToDecoderWeights(config);
        var twice = new BlockOrder([0, 0], [.. Enumerable.Range(0, config.NeuronCount)]);

        var e = Assert.Throws<FlextronException>(() => WeightPermutation.Apply(weights, new ImportanceOrder([twice, twice])));
        Assert.Contains("not a permutation of its 2 key/value groups", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DescendingIsStable()
    {
        ImportanceOrder order = ImportanceOrder.Descending([[1.0, 3.0, 3.0, 2.0]], [[5.0, 5.0]]);

        Assert.Equal([1, 2, 3, 0], order.Blocks[0].KvGroups);
        Assert.Equal([0, 1], order.Blocks[0].Neurons);
    }
}
