using Flextron.Data;
using Flextron.Dropping;
using Flextron.Importance;
using Flextron.Inference;
using Flextron.Models;
using Flextron.Tests.MixtureOfDepths;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Dropping;

public sealed class DroppingTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig() with { BlockCount = 4 };
    private static readonly TokenCorpus Text = TokenCorpus.OfIds([.. Enumerable.Range(0, 200).Select(i => (i * i * 5 + 3 * i) % 23)]);
    private static readonly ImportanceSettings Settings = new() { MaximumTokens = 48, WindowLength = 12, BatchSize = 3 };

    [Fact]
    public void SimilaritiesAreTheMeanCosinesOfTheDefinition()
    {
        using DecoderWeights weights = RandomLlama.Create(Config, 3).ToDecoderWeights(Config);
        using var model = new DecoderModel(weights, ownsWeights: false);

        PartSimilarities measured = PartSimilarities.Measure(model, Text, Settings);
        PartSimilarities otherBatches = PartSimilarities.Measure(model, Text, Settings with { BatchSize = 1 });

        using var scope = NewDisposeScope();
        var reference = new MaskedMixture(Config, weights);
        (double[] attention, double[] mlp, double[] blocks) = (new double[4], new double[4], new double[4]);
        for (int w = 0; w < 4; w++)
        {
            reference.Logits([.. Text.ToArray(w * 12, 12).Select(i => (long)i)], (_, _) => throw new InvalidOperationException("nothing routes"));
            for (int i = 0; i < 4; i++)
            {
                attention[i] += Cosines(reference.Streams[i], reference.Middles[i]) / 48;
                mlp[i] += Cosines(reference.Middles[i], reference.Streams[i + 1]) / 48;
                blocks[i] += Cosines(reference.Streams[i], reference.Streams[i + 1]) / 48;
            }
        }
        Assert.Equal(48, measured.Tokens);
        Close(attention, measured.Attention);
        Close(mlp, measured.Mlp);
        Close(blocks, measured.Blocks);
        Close(measured.Attention, otherBatches.Attention);
        Assert.True(blocks.Zip(attention, (b, a) => Math.Abs(a - b)).Min() > 1e-4, "a part's similarity is not its block's");
    }

    [Fact]
    public void APartThatAddsNothingIsWhollySimilarAndGoesFirst()
    {
        HfWeights random = RandomLlama.Create(Config, 4);
        Array.Clear(random.Blocks[2].O);
        Array.Clear(random.Blocks[1].Down);
        using DecoderWeights weights = random.ToDecoderWeights(Config);
        using var model = new DecoderModel(weights, ownsWeights: false);
        PartSimilarities measured = PartSimilarities.Measure(model, Text, Settings);
        Assert.Equal(1, measured.Attention[2], 1e-9);
        Assert.Equal(1, measured.Mlp[1], 1e-9);

        DropPlan plan = DropPlan.Of(measured, Config, DropTarget.Joint, 2);
        Assert.Equal([(2, (BlockPart?)BlockPart.Attention), (1, BlockPart.Mlp)], plan.Dropped.Select(d => (d.Block, d.Part)).OrderByDescending(d => d.Block));
        using var noGrad = no_grad();
        using Tensor ids_BT = tensor(Text.ToArray(0, 20).Select(i => (long)i).ToArray()).unsqueeze(0);
        using Tensor whole = model.Forward(ids_BT), dropped = model.Forward(ids_BT, plan.Network);
        Assert.True((whole - dropped).abs().max().item<float>() < 1e-5f);
    }

    [Fact]
    public void TheMostSimilarGoAndOfEqualOnesTheLater()
    {
        var similarities = new PartSimilarities([0.9, 0.5, 0.9, 0.1], [0.7, 0.95, 0.2, 0.9], [0.3, 0.8, 0.4, 0.8], 1);
        string Network(DropTarget target, int count) => DropPlan.Of(similarities, Config, target, count).Network.ToString();
        Assert.Equal("2x20 2x20 0x20 2x20", Network(DropTarget.Attention, 1));
        Assert.Equal("0x20 2x20 0x20 2x20", Network(DropTarget.Attention, 2));
        Assert.Equal("2x20 2x0 2x20 2x0", Network(DropTarget.Mlp, 2));
        Assert.Equal("2x20 2x20 2x20 0x0", Network(DropTarget.Block, 1));
        Assert.Equal("2x20 0x0 2x20 0x0", Network(DropTarget.Block, 2));
        // MLP 1, then MLP 3, attention 2 and attention 0, all of 0.9.
        Assert.Equal("2x20 2x0 0x20 2x0", Network(DropTarget.Joint, 3));
        Assert.Equal([0.95, 0.9, 0.9], DropPlan.Of(similarities, Config, DropTarget.Joint, 3).Dropped.Select(d => d.Similarity));
    }

    [Fact]
    public void NothingAndEverythingAndAnotherModelAreRefused()
    {
        var similarities = new PartSimilarities([0.9, 0.5, 0.9, 0.1], [0.7, 0.95, 0.2, 0.9], [0.3, 0.8, 0.4, 0.8], 1);
        Assert.Contains("choose 1 to 3", Assert.Throws<FlextronException>(() => DropPlan.Of(similarities, Config, DropTarget.Block, 4)).Message, StringComparison.Ordinal);
        Assert.Contains("choose 1 to 7", Assert.Throws<FlextronException>(() => DropPlan.Of(similarities, Config, DropTarget.Joint, 0)).Message, StringComparison.Ordinal);
        Assert.Contains("4 blocks", Assert.Throws<FlextronException>(() => DropPlan.Of(similarities, Config with { BlockCount = 3 }, DropTarget.Mlp, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DroppedBlocksAreLayersLessInTheExport()
    {
        using DecoderWeights weights = RandomLlama.Create(Config, 5).ToDecoderWeights(Config);
        using var model = new DecoderModel(weights, ownsWeights: false);
        DropPlan plan = DropPlan.Of(PartSimilarities.Measure(model, Text, Settings), Config, DropTarget.Block, 2);
        using var standalone = new DecoderModel(StandaloneSlice.Cut(model, plan.Network));
        Assert.Equal(2, standalone.Config.BlockCount);
        using var noGrad = no_grad();
        using Tensor ids_BT = tensor(Text.ToArray(0, 20).Select(i => (long)i).ToArray()).unsqueeze(0);
        using Tensor slice = model.Forward(ids_BT, plan.Network), exported = standalone.Forward(ids_BT);
        Assert.Equal(slice.data<float>().ToArray(), exported.data<float>().ToArray());
    }

    private static double Cosines(Tensor a_TC, Tensor b_TC) => ((a_TC * b_TC).sum(1) / (a_TC.square().sum(1) * b_TC.square().sum(1)).sqrt()).sum().item<double>();

    private static void Close(IEnumerable<double> expected, IEnumerable<double> actual) => Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-5));
}
