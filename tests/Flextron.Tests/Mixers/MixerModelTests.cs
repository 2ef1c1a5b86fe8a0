using Flextron.Importance;
using Flextron.Inference;
using Flextron.Inference.Decoding;
using Flextron.Mixers;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Mixers;

/// <summary>Mixers inside a model: caches, slices, reordering, trees.</summary>
public sealed class MixerModelTests
{
    private static readonly long[] Ids = [3, 17, 5, 5, 21, 0, 9, 14, 2, 8, 11, 19, 28, 1, 7];

    [Fact]
    public void DecodingTokenByTokenIsOnePassOverTheText()
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = Hybrid(seed: 1);
        using var noGrad = no_grad();
        Tensor ids_BT = tensor(Ids).view(1, -1), expected_TV = model.Forward(ids_BT)[0];
        foreach (int prompt in (int[])[1, 4, 9])
        {
            using KvCache cache = model.NewCache(model.FullNetwork, 1, Ids.Length);
            for (int at = 0; at < Ids.Length;)
            {
                int read = at == 0 ? prompt : 1;
                Tensor logits_V = model.ForwardLast(ids_BT.narrow(1, at, read), model.FullNetwork, cache)[0];
                at += read;
                Assert.True(logits_V.sub(expected_TV[at - 1]).abs().max().item<float>() < 1e-4, $"token {at} behind a prompt of {prompt}");
            }
        }
    }

    public static TheoryData<DecoderArchitecture> Architectures() =>
    [
        new DecoderArchitecture { Norm = NormKind.Layer, QueryKeyValueBias = true, OutputBias = true, MlpBias = true, GatedMlp = false, Activation = ActivationKind.Gelu, LearnedPositions = true },
        new DecoderArchitecture { Norm = NormKind.Layer, QueryKeyValueBias = true, OutputBias = true, MlpBias = true, GatedMlp = false, Activation = ActivationKind.Gelu, RotarySize = 2, ParallelResidual = true },
        new DecoderArchitecture { QueryKeyNorm = true },
        new DecoderArchitecture { SlidingWindow = 6 },
    ];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void MixersStandInTheBlocksOfEveryArchitecture(DecoderArchitecture architecture)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var model = new DecoderModel(RandomMixers.Weights(RandomMixers.Hybrid() with { Architecture = architecture }, seed: 10));
        Tensor ids_BT = tensor(Ids).view(1, -1), expected_TV = model.Forward(ids_BT)[0];
        using KvCache cache = model.NewCache(model.FullNetwork, 1, Ids.Length);
        model.ForwardLast(ids_BT.narrow(1, 0, 5), model.FullNetwork, cache);
        for (int at = 5; at < Ids.Length; at++)
            Assert.True(model.ForwardLast(ids_BT.narrow(1, at, 1), model.FullNetwork, cache)[0].sub(expected_TV[at]).abs().max().item<float>() < 1e-4, $"token {at}");
        var half = new SubNetwork(Enumerable.Repeat(new BlockShape(1, 6), 4));
        using var small = new DecoderModel(StandaloneSlice.Cut(model, half));
        Assert.True(small.Forward(ids_BT).sub(model.Forward(ids_BT, half)).abs().max().item<float>() < 1e-5);
        // Everything the mixers read takes part: another value anywhere in these blocks gives other logits.
        foreach ((string name, Tensor tensor) in model.Weights.Named().Where(n => n.Name.StartsWith("blocks.1.", StringComparison.Ordinal)))
        {
            using Tensor kept = tensor.clone();
            tensor.mul_(1.5).add_(0.1);
            Assert.True(model.Forward(ids_BT)[0].sub(expected_TV).abs().max().item<float>() > 1e-5, name);
            tensor.copy_(kept);
        }
    }

    [Fact]
    public void AStateDoesNotGrowAndAnAttendingBlocksCacheDoes()
    {
        using var noGrad = no_grad();
        ModelConfig hybrid = RandomMixers.Hybrid(), pure = RandomMixers.Config(RandomMixers.Kinds);
        long Bytes(ModelConfig config, int tokens)
        {
            using var scope = NewDisposeScope();
            using var model = new DecoderModel(RandomMixers.Weights(config, seed: 2));
            using KvCache cache = model.NewCache(model.FullNetwork, 1, tokens);
            model.ForwardLast(zeros([1, tokens], ScalarType.Int64), model.FullNetwork, cache);
            return cache.Bytes;
        }

        Assert.Equal(Bytes(pure, 5), Bytes(pure, 60));
        // Of the hybrid only the one attending block grows: 2 tensors × 2 groups × 4 channels × 4 bytes a token.
        Assert.Equal(55 * 2 * 2 * 4 * 4, Bytes(hybrid, 60) - Bytes(hybrid, 5));
        // Three states of 2 groups of 4 × 4, and 3 rows of 16, 8 and 8 channels behind the state-space mixer's filters.
        Assert.Equal(4 * ((3 * 2 * 16) + (3 * (16 + 8 + 8))), Bytes(pure, 5));
    }

    [Fact]
    public void AStateGoesBackToItsBeginningOnly()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = Hybrid(seed: 3);
        using KvCache cache = model.NewCache(model.FullNetwork, 1, Ids.Length);
        Tensor ids_BT = tensor(Ids).view(1, -1), first = model.ForwardLast(ids_BT, model.FullNetwork, cache);

        Assert.Contains("cannot go back from 15 tokens to 4", Assert.Throws<FlextronException>(() => cache.TruncateTo(4)).Message, StringComparison.Ordinal);
        cache.TruncateTo(0);
        Assert.True(model.ForwardLast(ids_BT, model.FullNetwork, cache).Equals(first));
    }

    [Fact]
    public void ASliceIsTheExportedSmallerModel()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = Hybrid(seed: 4);
        Tensor ids_BT = tensor(Ids).view(1, -1);
        SubNetwork[] networks =
        [
            new(Enumerable.Repeat(new BlockShape(1, 7), 4)), new(Enumerable.Repeat(new BlockShape(1, 10), 4), width: 9),
            new([new BlockShape(2, 3), BlockShape.Skipped, new BlockShape(2, 3), new BlockShape(2, 3)]),
        ];
        foreach (SubNetwork network in networks)
        {
            using var small = new DecoderModel(StandaloneSlice.Cut(model, network));
            Assert.Equal(network.Depth, small.Config.Mixers!.Kinds.Length);
            Assert.True(small.Forward(ids_BT).sub(model.Forward(ids_BT, network)).abs().max().item<float>() < 1e-5, network.ToString());
        }
        Assert.Equal([MixerKind.Attention, MixerKind.GatedLinear, MixerKind.StateSpace], StandaloneSlice.Config(model.Config, networks[2]).Mixers!.Kinds);
    }

    [Fact]
    public void ASliceOfHeadsEqualsZeroedOutputs()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = Hybrid(seed: 5);
        Tensor ids_BT = tensor(Ids).view(1, -1), sliced = model.Forward(ids_BT, new SubNetwork(Enumerable.Repeat(new BlockShape(1, 6), 4)));
        using DecoderWeights masked = model.Weights.Clone();
        foreach (BlockWeights block in masked.Blocks)
        {
            block.Output_QC.narrow(0, 8, 8).zero_();
            block.Down_DC.narrow(0, 6, 4).zero_();
        }
        using var whole = new DecoderModel(masked, ownsWeights: false);

        double difference = whole.Forward(ids_BT).sub(sliced).abs().max().item<float>();
        Assert.True(difference < 1e-4, $"{difference}");
    }

    [Fact]
    public void ReorderingGroupsNeuronsAndChannelsChangesNothing()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = Hybrid(seed: 6);
        Tensor ids_BT = tensor(Ids).view(1, -1), before = model.Forward(ids_BT);
        int[] neurons = [.. Enumerable.Range(0, 10).Reverse()], channels = [.. Enumerable.Range(0, 12).Select(i => i * 5 % 12)];

        WeightPermutation.Apply(model.Weights, new ImportanceOrder([.. Enumerable.Repeat(new BlockOrder([1, 0], neurons), 4)]) { Channels = channels });

        Assert.True(model.Forward(ids_BT).sub(before).abs().max().item<float>() < 1e-4);
        // And the first group is now what the second was.
        Assert.True(model.Forward(ids_BT, new SubNetwork(Enumerable.Repeat(new BlockShape(1, 10), 4))).sub(before).abs().max().item<float>() > 1e-2);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void TreesAreTheirPaths(int prefixLength)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = Hybrid(seed: 7);
        int[] prefix = [.. Enumerable.Range(20, prefixLength)];
        // A branching row (10 → 11, and 10 → 12 → 13), and a row of one token.
        var trees = new TokenTrees(prefix, [4, 1], [10, 11, 12, 13, 14, 0, 0, 0], [0, 1, 1, 2, 0, 0, 0, 0], [4, 2, 4, 4, 1, 2, 3, 4], [0, 1, 3, 4]);
        WeightView view = model.View(model.FullNetwork);
        using KvCache? cache = prefixLength == 0 ? null : model.NewCache(model.FullNetwork, 1, prefixLength);
        if (cache is not null) model.Hidden(view, tensor(Array.ConvertAll(prefix, i => (long)i)).view(1, -1), cache);

        Tensor hidden_NC = model.HiddenAt(view, trees, cache);

        for (int i = 0; i < trees.Picks.Length; i++)
        {
            Tensor alone_TC = model.Hidden(view, tensor(trees.Path(trees.Picks[i])).view(1, -1))[0];
            Assert.True(alone_TC[-1].sub(hidden_NC[i]).abs().max().item<float>() < 1e-5, $"pick {i}");
        }
    }

    [Fact]
    public void WhatNeedsAttentionSaysSo()
    {
        using DecoderModel model = Hybrid(seed: 8);
        string message = Assert.Throws<FlextronException>(() => new DecodeEngine(model)).Message;
        Assert.Contains("attention, retention, gated linear attention, state space", message, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingIsLeftBehind()
    {
        using var noGrad = no_grad();
        using DecoderModel model = Hybrid(seed: 9);
        using KvCache cache = model.NewCache(model.FullNetwork, 1, 60);
        using Tensor id = zeros([1, 1], ScalarType.Int64);
        model.ForwardLast(id, model.FullNetwork, cache).Dispose();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 50; i++) model.ForwardLast(id, model.FullNetwork, cache).Dispose();

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static DecoderModel Hybrid(int seed) => new(RandomMixers.Weights(RandomMixers.Hybrid(), seed));
}
