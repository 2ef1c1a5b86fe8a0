using Flextron.Data;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Tests.Reference;
using static TorchSharp.torch;

namespace Flextron.Tests.Elastic;

public sealed class EquivalenceCheckTests
{
    private static readonly TokenCorpus Text = TokenCorpus.OfIds([.. Enumerable.Range(0, 200).Select(i => (i * i + 7) % 23)]);

    [Theory]
    [InlineData(1, 5, 2, 11, null, false)]
    [InlineData(1, 5, 2, 11, 7, false)]
    [InlineData(2, 20, 2, 20, 15, true)]
    [InlineData(0, 5, 2, 0, 9, true)]
    [InlineData(0, 0, 2, 20, null, false)]
    [InlineData(0, 0, 1, 3, 1, false)]
    public void SlicesEqualMasksToRoundingInFloat64(int groups0, int neurons0, int groups1, int neurons1, int? width, bool tied)
    {
        ModelConfig config = RandomLlama.TinyConfig(tied);
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 1).ToDecoderWeights(config));

        double difference = EquivalenceCheck.SliceAgainstMask(model, new SubNetwork([new BlockShape(groups0, neurons0), new BlockShape(groups1, neurons1)], width), Text);

        Assert.InRange(difference, 0, 1e-12);
    }

    [Fact]
    public void TheMaskedFormIsTheNaiveOne()
    {
        // The mask is itself checked, against plain loops that know nothing of scaled norm weights.
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, seed: 3);
        using DecoderWeights weights = reference.ToDecoderWeights(config), exact = weights.Clone(ScalarType.Float64);
        using DecoderWeights masked = EquivalenceCheck.Masked(exact, new SubNetwork([new BlockShape(1, 5), new BlockShape(0, 11)], 6));
        int[] ids = [4, 8, 15, 16, 22, 3];

        double[,] expected = NaiveLlama.Logits(config, reference, ids, [new NaiveMask(1, 5), new NaiveMask(0, 11)], 6);
        double[,] actual = NaiveLlama.Logits(masked.Config, HfWeights.From(masked), ids);

        for (int t = 0; t < ids.Length; t++)
            for (int v = 0; v < config.VocabularySize; v++) Assert.Equal(expected[t, v], actual[t, v], 1e-12);
    }

    [Fact]
    public void AReorderedModelAgreesAndADamagedOneDoesNot()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var original = new DecoderModel(RandomLlama.Create(config, seed: 1).ToDecoderWeights(config));
        using var other = new DecoderModel(RandomLlama.Create(config, seed: 1).ToDecoderWeights(config));
        WeightPermutation.Apply(other.Weights, ImportanceOrder.Random(config, seed: 2));
        Assert.InRange(EquivalenceCheck.OfModels(original, other, Text), 0, 1e-4);

        using (no_grad()) other.Weights.Blocks[0].Down_DC[3].mul_(1.5);

        Assert.True(EquivalenceCheck.OfModels(original, other, Text) > 1e-3);
    }

    [Fact]
    public void RoundingIsMeasuredByTheLogitsSize()
    {
        // As in GPT-2, whose logits are around a hundred: what is rounding there would be a defect of logits around 1.
        ModelConfig config = RandomLlama.TinyConfig();
        using var original = new DecoderModel(RandomLlama.Create(config, seed: 1).ToDecoderWeights(config));
        using var other = new DecoderModel(RandomLlama.Create(config, seed: 1).ToDecoderWeights(config));
        WeightPermutation.Apply(other.Weights, ImportanceOrder.Random(config, seed: 2, channels: true));
        using (no_grad())
        {
            original.Weights.FinalNorm_C.mul_(10_000);
            other.Weights.FinalNorm_C.mul_(10_000);
        }

        LogitDifference rounding = EquivalenceCheck.OfModels(original, other, Text);
        Assert.True(rounding.Largest > EquivalenceCheck.Tolerance, $"{rounding} is too small to tell anything.");
        Assert.Throws<FlextronException>(() => EquivalenceCheck.Require(rounding.Largest, "It"));
        EquivalenceCheck.Require(rounding, "It");

        using (no_grad()) other.Weights.Blocks[0].Down_DC[3].mul_(1.01);
        string message = Assert.Throws<FlextronException>(() => EquivalenceCheck.Require(EquivalenceCheck.OfModels(original, other, Text), "It")).Message;
        Assert.Contains("It computes logits that differ by", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN, 5)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData(2e-4, 1)]
    [InlineData(2e-4, 0)]
    public void WhatIsNoNumberIsNotTheSame(double largest, double magnitude) =>
        Assert.Throws<FlextronException>(() => EquivalenceCheck.Require(new LogitDifference(largest, magnitude), "It"));
}
