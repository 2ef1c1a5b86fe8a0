using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Tests.Mixers;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Pretraining;

public sealed class CoalescingTests
{
    private static readonly long[] Ids = [3, 17, 5, 5, 21, 0, 9, 14, 2, 8, 11, 19];

    public static TheoryData<DecoderArchitecture, bool> Architectures()
    {
        var cases = new TheoryData<DecoderArchitecture, bool>();
        foreach (bool tied in (bool[])[false, true])
        {
            cases.Add(new DecoderArchitecture(), tied);
            cases.Add(new DecoderArchitecture { QueryKeyNorm = true, QueryKeyValueBias = true }, tied);
            cases.Add(new DecoderArchitecture
            {
                Norm = NormKind.Layer, QueryKeyValueBias = true, OutputBias = true, MlpBias = true, GatedMlp = false, Activation = ActivationKind.Gelu, LearnedPositions = true,
            }, tied);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void WhatIsTakenApartAndMergedIsWhatItWas(DecoderArchitecture architecture, bool tied)
    {
        ModelConfig large = Config(architecture, tied);
        foreach (bool depth in (bool[])[false, true])
        {
            using DecoderWeights small = RandomMixers.Weights(Coalescing.Halved(large, depth), seed: 1);
            using DecoderWeights apart = Coalescing.Decoalesce(small, large), again = Coalescing.Coalesce(apart, depth);

            Assert.Equal(small.Config, again.Config);
            // Halves and doubles are exact in binary.
            Assert.True(again.Flat.Equals(small.Flat), $"depth {depth}");
        }
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void TwiceTheWidthComputesTheSame(DecoderArchitecture architecture, bool tied)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        ModelConfig config = Config(architecture, tied);
        using var small = new DecoderModel(RandomMixers.Weights(Coalescing.Halved(config, depth: false), seed: 2));
        using var large = new DecoderModel(Coalescing.Decoalesce(small.Weights, config));
        Tensor ids_BT = tensor(Ids).view(1, -1);

        Assert.True(large.Forward(ids_BT).sub(small.Forward(ids_BT)).abs().max().item<float>() < 1e-4);
    }

    [Fact]
    public void MergingIsTheMeanOfOutputsAndTheSumOfInputs()
    {
        ModelConfig config = Config(new DecoderArchitecture(), tied: false);
        using DecoderWeights large = RandomMixers.Weights(config, seed: 3), small = Coalescing.Coalesce(large, depth: true);
        float At(Tensor x, params long[] place) => x[[.. place.Select(p => TensorIndex.Single(p))]].item<float>();
        BlockWeights a = large.Blocks[2], b = large.Blocks[3], merged = small.Blocks[1];
        // Query rows: a group has 2 heads of 4, so row 9 of the small model (group 1, element 1) is of rows 17 and 25 of the large one.
        float query = 0, output = 0, up = 0, down = 0, norm = 0;
        foreach (BlockWeights block in (BlockWeights[])[a, b])
        {
            query += (At(block.Query_QC, 17, 4) + At(block.Query_QC, 17, 5) + At(block.Query_QC, 25, 4) + At(block.Query_QC, 25, 5)) / 2 / 2;
            output += (At(block.Output_QC, 17, 4) + At(block.Output_QC, 17, 5) + At(block.Output_QC, 25, 4) + At(block.Output_QC, 25, 5)) / 2 / 2;
            up += (At(block.Up_DC, 6, 0) + At(block.Up_DC, 6, 1) + At(block.Up_DC, 7, 0) + At(block.Up_DC, 7, 1)) / 2 / 2;
            down += (At(block.Down_DC, 6, 0) + At(block.Down_DC, 6, 1) + At(block.Down_DC, 7, 0) + At(block.Down_DC, 7, 1)) / 2 / 2;
            norm += (At(block.MlpNorm_C, 10) + At(block.MlpNorm_C, 11)) / 2 / 2;
        }

        Assert.Equal(query, At(merged.Query_QC, 9, 2), 1e-6);
        Assert.Equal(output, At(merged.Output_QC, 9, 2), 1e-6);
        Assert.Equal(up, At(merged.Up_DC, 3, 0), 1e-6);
        Assert.Equal(down, At(merged.Down_DC, 3, 0), 1e-6);
        Assert.Equal(norm, At(merged.MlpNorm_C, 5), 1e-6);
        Assert.Equal((At(large.Embedding_VC, 7, 2) + At(large.Embedding_VC, 7, 3)) / 2, At(small.Embedding_VC, 7, 1), 1e-6);
        Assert.Equal(At(large.Head_VC, 7, 2) + At(large.Head_VC, 7, 3), At(small.Head_VC, 7, 1), 1e-6);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.25)]
    [InlineData(1.0)]
    public void InterpolationIsTheLineBetween(double alpha)
    {
        ModelConfig config = Config(new DecoderArchitecture(), tied: true);
        using DecoderWeights before = RandomMixers.Weights(config, seed: 4), enlarged = RandomMixers.Weights(config, seed: 5), kept = before.Clone();

        Coalescing.Interpolate(before, enlarged, alpha);

        float[] a = [.. kept.Flat.data<float>()], b = [.. enlarged.Flat.data<float>()], now = [.. before.Flat.data<float>()];
        for (int i = 0; i < a.Length; i++) Assert.Equal((1 - alpha) * a[i] + alpha * b[i], now[i], 1e-6);
    }

    [Theory]
    [InlineData("13 channels", 13, 4, 10, 4)]
    [InlineData("3 key/value groups", 12, 3, 10, 4)]
    [InlineData("9 neurons", 12, 4, 9, 4)]
    [InlineData("3 blocks", 12, 4, 10, 3)]
    public void OddNumbersAreNamed(string what, int channels, int groups, int neurons, int blocks)
    {
        ModelConfig config = Config(new DecoderArchitecture(), tied: true) with { HiddenSize = channels, KvGroupCount = groups, HeadCount = 2 * groups, NeuronCount = neurons, BlockCount = blocks };

        Assert.Contains(what, Assert.Throws<FlextronException>(() => Coalescing.Halved(config, depth: true)).Message, StringComparison.Ordinal);
        if (blocks == 3) Assert.Equal(3, Coalescing.Halved(config, depth: false).BlockCount);
    }

    [Fact]
    public void BlocksThatDifferAreNotMerged()
    {
        ModelConfig config = Config(new DecoderArchitecture(), tied: true) with { BlockCount = 4, UnrotatedBlocks = new BlockPattern([false, false, false, true]) };
        Assert.Contains("differ in their window or their rotation", Assert.Throws<FlextronException>(() => Coalescing.Halved(config, depth: true)).Message, StringComparison.Ordinal);
        Assert.Equal(config.UnrotatedBlocks, Coalescing.Halved(config, depth: false).UnrotatedBlocks);
    }

    private static ModelConfig Config(DecoderArchitecture architecture, bool tied) => new ModelConfig
    {
        Family = "llama", VocabularySize = 29, HiddenSize = 12, BlockCount = 4, HeadCount = 8, KvGroupCount = 4, HeadSize = 4, NeuronCount = 10, ContextLength = 32, TiedEmbeddings = tied,
        Architecture = architecture,
    }.Validated("The test's model");
}
