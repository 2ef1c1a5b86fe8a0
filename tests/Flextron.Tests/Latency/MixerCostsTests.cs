using Flextron.Latency;
using Flextron.Mixers;
using Flextron.Models;
using Flextron.Tests.Mixers;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Latency;

public sealed class MixerCostsTests
{
    [Fact]
    public void ParametersAndBytesAreThoseOfTheTensors()
    {
        using var noGrad = no_grad();
        ModelConfig config = RandomMixers.Hybrid();
        using var model = new DecoderModel(RandomMixers.Weights(config, seed: 1));
        const int Tokens = 11;
        foreach (SubNetwork network in (SubNetwork[])[model.FullNetwork, new(Enumerable.Repeat(new BlockShape(1, 4), 4)), new([new(1, 3), new(0, 2), new(2, 5), new(1, 0)], width: 9)])
        {
            using var scope = NewDisposeScope();
            using WeightView view = WeightView.Of(model.Weights, network);
            long elements = view.Embedding_VC.numel() + view.FinalNorm_C.numel() + view.Blocks.Sum(b => b.Weights.Named().Sum(n => n.Tensor.numel()));
            Assert.Equal(elements, AnalyticCosts.Parameters(config).Cost(network));

            using KvCache cache = model.NewCache(network, 2, Tokens);
            model.ForwardLast(zeros([2, Tokens], ScalarType.Int64), network, cache);
            Assert.Equal(4 * elements + cache.Bytes, AnalyticCosts.WeightAndCacheBytes(config, 4, 2, Tokens).Cost(network));
        }
    }

    [Fact]
    public void OperationsOfALinearMixerDoNotGrowWithTheContext()
    {
        ModelConfig linear = RandomMixers.Config(RandomMixers.Kinds), attention = linear with { Mixers = null };
        static double PerToken(ModelConfig config, int tokens) => AnalyticCosts.Flops(config with { ContextLength = 4096 }, new LatencyWorkload(1, tokens, 1)).Cost(SubNetwork.Full(config)) / (tokens + 1);

        // The head counts for two positions, whatever the length.
        double head = 2.0 * 2 * linear.HiddenSize * linear.VocabularySize;
        Assert.Equal(PerToken(linear, 64) - head / 65, PerToken(linear, 2048) - head / 2049, 1e-6);
        Assert.True(PerToken(attention, 2048) > 5 * PerToken(attention, 64));
    }

    [Fact]
    public void OperationsAreCountedByLoops()
    {
        ModelConfig config = RandomMixers.Config(MixerKind.Retention);
        // 3 tokens: four matrices and the gate, the state (an outer product a group, a product a head), the MLP; the head twice.
        double heads = 4 * 4, keys = 2 * 4, c = 12;
        double token = 2 * ((2 * heads * c) + (2 * keys * c) + (heads * c) + (3 * 10 * c)) + (2 * 2 * 4 * 4) + (2 * 4 * 4 * 4);

        Assert.Equal(3 * token + 2 * 2 * c * 29, AnalyticCosts.Flops(config, new LatencyWorkload(1, 2, 1)).Cost(SubNetwork.Full(config)), 1e-6);
    }
}
