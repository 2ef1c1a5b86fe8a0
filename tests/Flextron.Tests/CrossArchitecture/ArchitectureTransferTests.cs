using Flextron.CrossArchitecture;
using Flextron.Mixers;
using Flextron.Models;
using Flextron.Tests.Mixers;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.CrossArchitecture;

public sealed class ArchitectureTransferTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();

    public static TheoryData<MixerKind> EveryKind() => RandomMixers.EveryKind();

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void WhatMovesIsEqualBitForBitAndTheRestIsFresh(MixerKind kind)
    {
        using DecoderWeights pretrained = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config);
        using TransferredModel model = ArchitectureTransfer.Create(pretrained, new TransferSettings { Mixer = kind, Keep = [1] });
        string[] moved = [.. model.Transferred.Order(StringComparer.Ordinal)];
        string[] expected =
        [
            "embedding", "finalNorm", "head",
            .. new[] { "attentionNorm", "output", "mlpNorm", "gate", "up", "down" }.Select(n => $"blocks.0.{n}"),
            .. new[] { "attentionNorm", "query", "key", "value", "output", "mlpNorm", "gate", "up", "down" }.Select(n => $"blocks.1.{n}"),
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), moved);
        Assert.Equal([kind, MixerKind.Attention], model.Weights.Config.Mixers!.Kinds);
        Dictionary<string, Tensor> source = pretrained.Named().ToDictionary(n => n.Name, n => n.Tensor);
        foreach ((string name, Tensor tensor) in model.Weights.Named())
        {
            if (model.Transferred.Contains(name)) Assert.True(tensor.Equals(source[name]), name);
            else if (source.TryGetValue(name, out Tensor? from)) Assert.False(tensor.Equals(from), name);
        }
        Assert.Equal(expected.Sum(n => source[n].numel()), model.TransferredParameters);
    }

    [Fact]
    public void ProjectionsMayBeCarriedAndNothingMayBe()
    {
        using DecoderWeights pretrained = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config);
        using TransferredModel all = ArchitectureTransfer.Create(pretrained, new TransferSettings { CarryProjections = true });
        using TransferredModel none = ArchitectureTransfer.Create(pretrained, new TransferSettings { FromScratch = true });

        Assert.Equal(pretrained.Named().Select(n => n.Name).Order(), all.Transferred.Order());
        Assert.Empty(none.Transferred);
        Assert.All(pretrained.Named().Where(n => n.Tensor.dim() > 1), n => Assert.False(none.Weights.Named().First(m => m.Name == n.Name).Tensor.Equals(n.Tensor)));
    }

    [Fact]
    public void TheSameSeedGivesTheSameBitsAndAnotherDoesNot()
    {
        using DecoderWeights pretrained = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config);
        using TransferredModel a = ArchitectureTransfer.Create(pretrained, new TransferSettings { Mixer = MixerKind.StateSpace, Seed = 4 });
        using TransferredModel b = ArchitectureTransfer.Create(pretrained, new TransferSettings { Mixer = MixerKind.StateSpace, Seed = 4 });
        using TransferredModel c = ArchitectureTransfer.Create(pretrained, new TransferSettings { Mixer = MixerKind.StateSpace, Seed = 5 });

        Assert.True(a.Weights.Flat.Equals(b.Weights.Flat));
        Assert.False(a.Weights.Flat.Equals(c.Weights.Flat));
    }

    [Fact]
    public void WhatCannotBeTransferredIsSaid()
    {
        using DecoderWeights pretrained = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config);
        void Refused(string message, DecoderWeights from, TransferSettings settings) =>
            Assert.Contains(message, Assert.Throws<FlextronException>(() => ArchitectureTransfer.Create(from, settings).Dispose()).Message, StringComparison.Ordinal);

        Refused("Block 2 cannot keep its attention: the model's blocks are 0 to 1", pretrained, new TransferSettings { Keep = [2] });
        Refused("nothing to transfer", pretrained, new TransferSettings { Keep = [0, 1, 1] });
        Refused("mixer is Attention", pretrained, new TransferSettings { Mixer = MixerKind.Attention });
        using TransferredModel linear = ArchitectureTransfer.Create(pretrained, new TransferSettings());
        Refused("start from the Transformer that it was made from", linear.Weights, new TransferSettings());
    }

    [Fact]
    public void FreshRetentionForgetsAtTheRatesOfThePaper()
    {
        ModelConfig config = Config with { HeadCount = 8, KvGroupCount = 8 };
        using DecoderWeights pretrained = RandomLlama.Create(config, seed: 1).ToDecoderWeights(config);
        using TransferredModel model = ArchitectureTransfer.Create(pretrained, new TransferSettings { Mixer = MixerKind.Retention });
        float[] decays = [.. model.Weights.Blocks[0].Mixer!["logDecay"].data<float>().Select(MathF.Exp)];

        for (int i = 0; i < 8; i++) Assert.Equal(1 - Math.Exp(Math.Log(1.0 / 32) + i / 7.0 * (Math.Log(1.0 / 512) - Math.Log(1.0 / 32))), decays[i], 1e-6);
    }
}
