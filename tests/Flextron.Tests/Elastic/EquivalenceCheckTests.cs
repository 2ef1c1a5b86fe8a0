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

    [Fact]
    public void SlicesEqualMasksToRoundingInFloat64()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 1).ToDecoderWeights(config));

        double difference = EquivalenceCheck.SliceAgainstMask(model, new SubNetwork([new BlockShape(1, 5), new BlockShape(2, 11)]), Text);

        Assert.InRange(difference, 0, 1e-12);
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
}
