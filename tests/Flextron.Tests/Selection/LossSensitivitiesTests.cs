using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Selection;
using Flextron.Tests.Reference;
using Flextron.Training;

namespace Flextron.Tests.Selection;

public sealed class LossSensitivitiesTests
{
    private static readonly ElasticSpace Space = new([1, 2], [8, 16, 20], 2);

    private static LossSensitivities Example => new(Space, 2.0, [[0.5, 0], [0.25, 0]], [[0.3, 0.1, 0], [0.2, 0.3, 0]], 7);

    [Fact]
    public void PredictionAddsIncreases()
    {
        Assert.Equal(2 + 0.5 + 0.1 + 0 + 0.2, Example.Predict(new SubNetwork([new BlockShape(1, 16), new BlockShape(2, 8)]))!.Value, 1e-12);
        Assert.Equal(2 + 0.2, Example.Predict(new SubNetwork([new BlockShape(2, 12), new BlockShape(2, 20)]))!.Value, 1e-12);
    }

    [Fact]
    public void RepairPoolsWhatRisesWithWidth()
    {
        LossSensitivities monotone = Example.Monotone();
        Assert.Equal([0.3, 0.1, 0], monotone.Mlp[0]);
        Assert.Equal([0.25, 0.25, 0], monotone.Mlp[1]);
    }

    [Fact]
    public void JsonKeepsEverythingAndRefusesOtherSpaces()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Example.Save(folder["s.json"]);
        LossSensitivities read = LossSensitivities.Load(folder["s.json"], Space);
        Assert.Equal((Example.FullLoss, Example.Windows), (read.FullLoss, read.Windows));
        Assert.Equal(Example.Mlp, read.Mlp);
        Assert.Equal(Example.Attention, read.Attention);
        Assert.Throws<FlextronException>(() => LossSensitivities.Load(folder["s.json"], Space with { Neurons = [8, 20] }));
        File.WriteAllText(folder["s.json"], File.ReadAllText(folder["s.json"]).Replace("0.5", "\"NaN\"", StringComparison.Ordinal));
        Assert.Contains("s.json", Assert.Throws<FlextronException>(() => LossSensitivities.Load(folder["s.json"], Space)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FramesAreMeasuredAndWhatWasNotIsUnknown()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, seed: 5);
        using var model = new DecoderModel(reference.ToDecoderWeights(config));
        ElasticSpace space = ElasticSpace.For(config, new ElasticSettings { Steps = 2, Widths = [12], Depths = [1] }, [1, 0]);
        int[] ids = [1, 4, 9, 3, 17, 22, 5, 8, 2];
        LossSensitivities measured = LossSensitivities.Measure(model, space, new HeldOutLoss(TokenCorpus.OfIds(ids), windowLength: ids.Length - 1));
        BlockShape whole = new(2, 20), narrow = new(1, 20), no = BlockShape.Skipped;
        foreach (SubNetwork network in new SubNetwork[] { new([whole, whole], 12), new([no, whole]), new([no, whole], 12) })
        {
            NaiveMask[] masks = [.. network.Blocks.Select(s => new NaiveMask(s.KvGroups, s.Neurons))];
            Assert.Equal(NaiveLlama.MeanNll(NaiveLlama.Logits(config, reference, ids, masks, network.Width), ids), measured.Predict(network)!.Value, 1e-4);
        }
        Assert.Equal(measured.Predict(new SubNetwork([no, whole]))!.Value + measured.Attention[1][0], measured.Predict(new SubNetwork([no, narrow]))!.Value, 1e-12);
        Assert.Null(measured.Predict(new SubNetwork([whole, no])));
        Assert.Null(measured.Predict(new SubNetwork([whole, whole], 13)));
        Assert.Null(measured.Predict(new SubNetwork([whole, new BlockShape(0, 20)])));
        Assert.Null((measured with { Frames = null }).Predict(new SubNetwork([no, whole])));

        using TemporaryFolder folder = TestData.Temporary();
        measured.Save(folder["s.json"]);
        Assert.Equal(measured.Frames, LossSensitivities.Load(folder["s.json"], space).Frames);
        (measured with { Frames = [0, 1] }).Save(folder["s.json"]);
        Assert.Throws<FlextronException>(() => LossSensitivities.Load(folder["s.json"], space));
    }

    /// <summary>With one narrowed part the model is exact: the prediction is the loss of that network, by the naive reference.</summary>
    [Fact]
    public void MeasuredIncreasesAreThoseOfTheReference()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, seed: 5);
        using var model = new DecoderModel(reference.ToDecoderWeights(config));
        ElasticSpace space = ElasticSpace.For(config, steps: 2);
        int[] ids = [1, 4, 9, 3, 17, 22, 5, 8, 2];
        HeldOutLoss text = new(TokenCorpus.OfIds(ids), windowLength: ids.Length - 1);
        LossSensitivities measured = LossSensitivities.Measure(model, space, text);
        Assert.Equal(NaiveLlama.MeanNll(NaiveLlama.Logits(config, reference, ids), ids), measured.FullLoss, 1e-4);
        foreach (BlockShape shape in new[] { new BlockShape(1, 20), new BlockShape(2, space.Neurons[0]) })
            for (int b = 0; b < 2; b++)
            {
                var network = new SubNetwork(space.Largest.Blocks.SetItem(b, shape));
                NaiveMask[] masks = [.. network.Blocks.Select(s => new NaiveMask(s.KvGroups, s.Neurons))];
                Assert.Equal(NaiveLlama.MeanNll(NaiveLlama.Logits(config, reference, ids, masks), ids), measured.Predict(network)!.Value, 1e-4);
            }
        Assert.All(measured.Attention.Concat(measured.Mlp), r => Assert.Equal(0, r[^1]));
        Assert.All(measured.Attention.Concat(measured.Mlp), r => Assert.NotEqual(0, r[0]));
    }
}
