using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Models;

public sealed class DecoderModelTests
{
    private static readonly int[] Ids = [3, 17, 5, 5, 21, 0, 9, 14, 2, 8, 11, 19];

    [Theory]
    [InlineData(false, 6)]
    [InlineData(true, 4)]
    public void LogitsEqualTheDefinition(bool tied, int headSize)
    {
        ModelConfig config = RandomLlama.TinyConfig(tied, headSize);
        HfWeights reference = RandomLlama.Create(config, seed: 1);
        using var model = new DecoderModel(reference.ToDecoderWeights(config));

        AssertClose(NaiveLlama.Logits(config, reference, Ids), Logits(model, model.FullNetwork), 1e-4);
    }

    [Fact]
    public void EverySliceEqualsItsMaskedForm()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, seed: 2);
        using var model = new DecoderModel(reference.ToDecoderWeights(config));
        var random = new Random(3);
        for (int i = 0; i < 20; i++)
        {
            // Skipped parts and blocks, and a residual stream of every other width, are among them.
            var network = new SubNetwork(
                Enumerable.Range(0, config.BlockCount).Select(_ => new BlockShape(random.Next(0, config.KvGroupCount + 1), i % 4 == 0 ? 0 : random.Next(0, config.NeuronCount + 1))),
                i % 2 == 0 ? null : random.Next(1, config.HiddenSize + 1));
            NaiveMask[] masks = [.. network.Blocks.Select(b => new NaiveMask(b.KvGroups, b.Neurons))];

            AssertClose(NaiveLlama.Logits(config, reference, Ids, masks, network.Width), Logits(model, network), 1e-4);
        }
    }

    [Fact]
    public void ASkippedPartAndANarrowStreamChangeTheLogits()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 2).ToDecoderWeights(config));
        BlockShape whole = model.FullNetwork.Blocks[0];
        SubNetwork[] networks =
        [
            model.FullNetwork, new([whole, BlockShape.Skipped]), new([BlockShape.Skipped, whole]), new([whole with { KvGroups = 0 }, whole]),
            new([whole with { Neurons = 0 }, whole]), new([whole, whole], width: 15), new([whole, whole], width: 8),
        ];

        double[][] last = [.. networks.Select(n => Logits(model, n)).Select(l => Enumerable.Range(0, config.VocabularySize).Select(v => l[Ids.Length - 1, v]).ToArray())];

        for (int a = 0; a < last.Length; a++)
            for (int b = 0; b < a; b++)
                Assert.True(last[a].Zip(last[b], (x, y) => Math.Abs(x - y)).Max() > 1e-2, $"{networks[a]} and {networks[b]} agree");
    }

    [Theory]
    [InlineData(3, 5, null, "keeps 3 key/value groups: choose 1 to 2, or 0")]
    [InlineData(-1, 5, null, "keeps -1 key/value groups")]
    [InlineData(1, 21, null, "keeps 21 neurons: choose 1 to 20, or 0")]
    [InlineData(1, 5, 17, "keeps 17 channels of the residual stream: choose 1 to 16")]
    [InlineData(1, 5, 0, "keeps 0 channels")]
    public void WidthsBeyondTheModelAreNamed(int groups, int neurons, int? width, string message)
    {
        var network = new SubNetwork([new BlockShape(groups, neurons), new BlockShape(1, 1)], width);

        var e = Assert.Throws<FlextronException>(() => network.ValidatedFor(RandomLlama.TinyConfig()));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheWholeWidthIsOneValueHoweverItIsWritten()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        var network = new SubNetwork([new BlockShape(1, 3), new BlockShape(2, 4)], config.HiddenSize);

        Assert.Equal(new SubNetwork(network.Blocks), network.ValidatedFor(config));
        Assert.NotEqual(new SubNetwork(network.Blocks), new SubNetwork(network.Blocks, 8));
        Assert.Equal("1x3 2x4 of 8", new SubNetwork(network.Blocks, 8).ToString());
    }

    [Theory]
    [InlineData(1, 1, 1, 7, null)]
    [InlineData(5, 1, 1, 7, null)]
    [InlineData(5, 3, 1, 7, null)]
    [InlineData(4, 8, 1, 7, null)]
    [InlineData(5, 1, 1, 7, 9)]
    [InlineData(4, 3, 0, 7, 16)]
    [InlineData(5, 1, 0, 0, 12)]
    public void CachedChunksEqualOneForward(int first, int chunk, int groups, int neurons, int? width)
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 4).ToDecoderWeights(config));
        var network = new SubNetwork([new BlockShape(groups, neurons), new BlockShape(2, 13)], width);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        double[,] whole = Logits(model, network);
        using KvCache cache = model.NewCache(network, batch: 1, capacity: Ids.Length);
        int done = 0;
        foreach (int take in new[] { first }.Concat(Enumerable.Repeat(chunk, Ids.Length)))
        {
            int count = Math.Min(take, Ids.Length - done);
            if (count == 0) break;
            Tensor logits_BTV = model.Forward(Batch(Ids.AsSpan(done, count)), network, cache);
            for (int t = 0; t < count; t++)
                for (int v = 0; v < config.VocabularySize; v++)
                    Assert.Equal(whole[done + t, v], logits_BTV[0, t, v].item<float>(), 1e-4);
            done += count;
        }
        Assert.Equal(Ids.Length, done);
    }

    [Fact]
    public void TooLongAnInputIsRefusedByNumber()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 4).ToDecoderWeights(config));

        var e = Assert.Throws<FlextronException>(() => model.Forward(zeros([1, 33], ScalarType.Int64)));
        Assert.Contains("33 tokens do not fit the model's context of 32", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 0.06)]
    [InlineData(ScalarType.Float16, 0.01)]
    public void HalfPrecisionFollowsEvenWhereSquaresOverflow(ScalarType dtype, double tolerance)
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, seed: 7);
        // An outlier channel of 1,000: its square is beyond float16, the norm of the position is not.
        for (int v = 0; v < config.VocabularySize; v++) reference.Embedding[v * config.HiddenSize] = 1000;
        using DecoderWeights weights = reference.ToDecoderWeights(config);
        using var model = new DecoderModel(weights.Clone(dtype));
        double[,] expected = NaiveLlama.Logits(config, reference, Ids), actual = Logits(model, model.FullNetwork);
        double scale = expected.Cast<double>().Max(Math.Abs);

        AssertClose(expected, actual, tolerance * scale);
    }

    [Fact]
    public void SlicesShareTheWeightsStorage()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using DecoderWeights weights = RandomLlama.Create(config, seed: 5).ToDecoderWeights(config);
        using WeightView view = WeightView.Of(weights, ElasticSpace.For(config).Smallest);
        using var noGrad = no_grad();

        weights.Blocks[1].Down_DC.fill_(7);

        Assert.Equal(7f, view.Blocks[1].Weights.Down_DC[0, 0].item<float>());
    }

    private static double[,] Logits(DecoderModel model, SubNetwork network)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor logits_TV = model.Forward(Batch(Ids), network)[0];
        var result = new double[logits_TV.size(0), logits_TV.size(1)];
        for (int t = 0; t < result.GetLength(0); t++)
            for (int v = 0; v < result.GetLength(1); v++)
                result[t, v] = logits_TV[t, v].to(ScalarType.Float32).item<float>();
        return result;
    }

    private static Tensor Batch(ReadOnlySpan<int> ids) => tensor(ids.ToArray().Select(i => (long)i).ToArray()).unsqueeze(0);

    private static void AssertClose(double[,] expected, double[,] actual, double tolerance)
    {
        Assert.Equal((expected.GetLength(0), expected.GetLength(1)), (actual.GetLength(0), actual.GetLength(1)));
        double worst = expected.Cast<double>().Zip(actual.Cast<double>(), (e, a) => Math.Abs(e - a)).Max();
        Assert.True(worst <= tolerance, $"largest difference {worst} exceeds {tolerance}");
    }

    [Fact]
    public void NetworksOfOneCacheShareSlicesOfTheWeightsThemselves()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using DecoderWeights weights = RandomLlama.Create(config, seed: 1).ToDecoderWeights(config);
        using var slices = new SliceCache();
        var shape = new BlockShape(1, 5);
        SubNetwork Network(BlockShape other) => new([shape, .. Enumerable.Repeat(other, config.BlockCount - 1)]);
        using WeightView a = WeightView.Of(weights, Network(new BlockShape(1, 3)), slices);
        int count = slices.Count;
        using WeightView b = WeightView.Of(weights, Network(shape), slices);

        Assert.Same(a.Blocks[0].Weights.Gate_DC, b.Blocks[0].Weights.Gate_DC);
        // Of the other blocks only the three MLP matrices are narrower than before.
        Assert.Equal(count + 3 * (config.BlockCount - 1), slices.Count);
        weights.Blocks[0].Gate_DC!.fill_(7);
        Assert.Equal(7, b.Blocks[0].Weights.Gate_DC![4, 0].item<float>());
        Assert.Equal([5, config.HiddenSize], b.Blocks[0].Weights.Gate_DC!.shape);
    }

    [Fact]
    public void ThreadsMayAskForViewsAtTheSameTime()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 1).ToDecoderWeights(config));
        SubNetwork[] networks = [.. Enumerable.Range(0, 400).Select(i => new SubNetwork(Enumerable.Range(0, config.BlockCount).Select(b =>
            new BlockShape(1 + (i + b) % config.KvGroupCount, 1 + (7 * i + b) % config.NeuronCount))))];
        var views = new WeightView[4][];
        Parallel.For(0, views.Length, new ParallelOptions { MaxDegreeOfParallelism = views.Length }, t => views[t] = [.. networks.Select(model.View)]);
        Assert.All(views, v => Assert.True(v.SequenceEqual(views[0], ReferenceEqualityComparer.Instance)));
    }
}
