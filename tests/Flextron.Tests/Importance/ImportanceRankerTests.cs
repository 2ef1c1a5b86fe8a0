using Flextron.Data;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Importance;

public sealed class ImportanceRankerTests
{
    private static readonly TokenCorpus Corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 400).Select(i => (i * i + 3 * i) % 23)]);

    [Theory]
    [InlineData(NeuronMetric.PreActivation)]
    [InlineData(NeuronMetric.GatedActivation)]
    [InlineData(NeuronMetric.Contribution)]
    public void NeuronScoresEqualTheFormula(NeuronMetric metric)
    {
        // With attention silenced, the MLP of a one-block model sees the normed embedding alone: a closed form.
        ModelConfig config = RandomLlama.TinyConfig() with { BlockCount = 1 };
        HfWeights reference = RandomLlama.Create(config, seed: 1);
        Array.Clear(reference.Blocks[0].O);
        using var model = new DecoderModel(reference.ToDecoderWeights(config));
        HfBlock block = reference.Blocks[0];
        int c = config.HiddenSize, d = config.NeuronCount, length = 16, windows = 20;
        var expected = new double[d];
        for (int t = 0; t < windows * length; t++)
        {
            double[] x = reference.Embedding.AsSpan(Corpus.ToArray(t, 1)[0] * c, c).ToArray();
            double scale = 1 / Math.Sqrt(x.Sum(v => v * v) / c + config.NormEpsilon);
            for (int r = 0; r < d; r++)
            {
                double gate = 0, up = 0, norm = 0;
                for (int i = 0; i < c; i++)
                {
                    gate += x[i] * scale * block.PostNorm[i] * block.Gate[r * c + i];
                    up += x[i] * scale * block.PostNorm[i] * block.Up[r * c + i];
                    norm += block.Down[i * d + r] * block.Down[i * d + r];
                }
                double gated = Math.Abs(gate / (1 + Math.Exp(-gate)) * up);
                expected[r] += metric switch { NeuronMetric.PreActivation => Math.Abs(gate), NeuronMetric.Contribution => gated * Math.Sqrt(norm), _ => gated };
            }
        }

        ImportanceScores scores = ImportanceRanker.Rank(model, Corpus, metric, maximumTokens: windows * length, windowLength: length);

        Assert.Equal(windows * length, scores.Tokens);
        Assert.All(expected.Zip(scores.Blocks[0].Neurons), p => Assert.Equal(1, p.Second / p.First, 1e-5));
    }

    [Fact]
    public void HeadScoresEqualTheFormulaForOneTokenWindows()
    {
        // A single token attends to itself alone, so a head's output is its value vector: |V x|₁, the same for the heads of a group.
        ModelConfig config = RandomLlama.TinyConfig() with { BlockCount = 1 };
        HfWeights reference = RandomLlama.Create(config, seed: 2);
        using var model = new DecoderModel(reference.ToDecoderWeights(config));
        HfBlock block = reference.Blocks[0];
        int c = config.HiddenSize, h = config.HeadSize, tokens = 50;
        var expected = new double[config.KvGroupCount];
        for (int t = 0; t < tokens; t++)
        {
            double[] x = reference.Embedding.AsSpan(Corpus.ToArray(t, 1)[0] * c, c).ToArray();
            double scale = 1 / Math.Sqrt(x.Sum(v => v * v) / c + config.NormEpsilon);
            for (int row = 0; row < config.KvGroupCount * h; row++)
                expected[row / h] += Math.Abs(Enumerable.Range(0, c).Sum(i => x[i] * scale * block.InputNorm[i] * block.V[row * c + i]));
        }

        BlockImportance scores = ImportanceRanker.Rank(model, Corpus, maximumTokens: tokens, windowLength: 1).Blocks[0];

        Assert.All(Enumerable.Range(0, config.HeadCount), i => Assert.Equal(1, scores.Heads[i] / expected[i / config.HeadsPerGroup], 1e-5));
        Assert.All(Enumerable.Range(0, config.KvGroupCount), g => Assert.Equal(scores.Heads[2 * g] + scores.Heads[2 * g + 1], scores.KvGroups[g], 1e-9));
    }

    [Fact]
    public void ChannelScoresAreTheMagnitudesThatAttentionAndMlpRead()
    {
        // With every part silenced, all norms see the embedding: a closed form.
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, seed: 2);
        foreach (HfBlock block in reference.Blocks)
        {
            Array.Clear(block.O);
            Array.Clear(block.Down);
        }
        using var model = new DecoderModel(reference.ToDecoderWeights(config));
        int c = config.HiddenSize, tokens = 64;
        var expected = new double[c];
        for (int t = 0; t < tokens; t++)
        {
            double[] x = reference.Embedding.AsSpan(Corpus.ToArray(t, 1)[0] * c, c).ToArray();
            double scale = 1 / Math.Sqrt(x.Sum(v => v * v) / c + config.NormEpsilon);
            foreach (double[] norm in reference.Blocks.SelectMany(b => new[] { b.InputNorm, b.PostNorm }))
                for (int i = 0; i < c; i++) expected[i] += Math.Abs(x[i] * scale * norm[i]);
        }

        ImportanceScores scores = ImportanceRanker.Rank(model, Corpus, maximumTokens: tokens, windowLength: 16);

        Assert.All(expected.Zip(scores.Channels!), p => Assert.Equal(1, p.Second / p.First, 1e-5));
        Assert.Equal(expected.Max(), expected[scores.Order(channels: true).Channels![0]], 1e-9);
        Assert.Null(scores.Order().Channels);
        Assert.Contains("flextron rank", Assert.Throws<FlextronException>(() => (scores with { Channels = null }).Order(channels: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NeitherBatchSizeNorOrderNorSubsetsChangeScores()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 3).ToDecoderWeights(config));
        long[] shuffled = [.. Enumerable.Range(0, 24).Select(i => (long)i)];
        new Random(1).Shuffle(shuffled);
        var settings = new ImportanceSettings { WindowLength = 16, Subsets = 3 };
        ImportanceMeasurement straight = ImportanceRanker.Measure(model, Corpus, settings);
        ImportanceMeasurement[] others =
        [
            ImportanceRanker.Measure(model, Corpus, settings with { BatchSize = 5 }, shuffled),
            ImportanceRanker.Measure(model, Corpus, settings with { BatchSize = 1, Subsets = 1 }, [.. shuffled.Reverse()]),
            ImportanceRanker.Measure(model, Corpus, settings with { BatchSize = 24, Subsets = 24 }),
        ];

        Assert.Equal([5, 24, 1], others.Select(o => o.ForwardPasses));
        foreach (NeuronMetric metric in Enum.GetValues<NeuronMetric>())
            foreach (ImportanceMeasurement other in others)
            {
                ImportanceScores a = straight.Scores(metric), b = other.Scores(metric);
                foreach ((BlockImportance x, BlockImportance y) in a.Blocks.Zip(b.Blocks))
                    Assert.All(x.Heads.Concat(x.KvGroups).Concat(x.Neurons).Zip(y.Heads.Concat(y.KvGroups).Concat(y.Neurons)), p => Assert.Equal(1, p.First / p.Second, 1e-6));
                Assert.All(a.Channels!.Zip(b.Channels!), p => Assert.Equal(1, p.First / p.Second, 1e-6));
            }
    }

    [Fact]
    public void OnePassGivesEveryVariantAndItsReport()
    {
        ModelConfig config = RandomLlama.TinyConfig() with { HeadCount = 4, KvGroupCount = 4 };
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 3).ToDecoderWeights(config));
        var settings = new ImportanceSettings { WindowLength = 16, Subsets = 2, BatchSize = 8 };

        ImportanceMeasurement measured = ImportanceRanker.Measure(model, Corpus, settings);
        ImportanceReport report = measured.Report(NeuronMetric.Contribution);

        Assert.Equal((24, 3, 2, 24 * 16), (report.Windows, report.ForwardPasses, report.Subsets, report.Tokens));
        // The subsets by hand: two corpora of every other window, scored on their own.
        int[] ids = Corpus.ToArray(0, (int)Corpus.Length);
        ImportanceScores[] halves = [.. Enumerable.Range(0, 2).Select(half => ImportanceRanker.Rank(
            model, TokenCorpus.OfIds([.. Enumerable.Range(0, 12).SelectMany(w => ids.AsSpan((2 * w + half) * 16, 16).ToArray()), 0]), NeuronMetric.Contribution, windowLength: 16))];
        for (int b = 0; b < config.BlockCount; b++)
        {
            BlockImportanceReport block = report.Blocks[b];
            Assert.Equal(Spearman(halves[0].Blocks[b].Neurons, halves[1].Blocks[b].Neurons), block.NeuronsAcrossSubsets[NeuronMetric.Contribution]!.Value, 1e-9);
            Assert.Equal(Spearman(halves[0].Blocks[b].Heads, halves[1].Blocks[b].Heads), block.HeadsAcrossSubsets!.Value, 1e-9);
            VariantAgreement pair = block.Variants.Single(v => v is { First: NeuronMetric.GatedActivation, Second: NeuronMetric.PreActivation });
            Assert.Equal(Spearman(measured.Scores(pair.First).Blocks[b].Neurons, measured.Scores(pair.Second).Blocks[b].Neurons), pair.Spearman!.Value, 1e-9);
            Assert.Equal(measured.Scores(NeuronMetric.PreActivation).Blocks[b].Neurons.Max(), block.Neurons[NeuronMetric.PreActivation].Maximum, 1e-9);
        }
        Assert.Equal(3, report.Blocks[0].Variants.Count);
        Assert.Null(ImportanceRanker.Measure(model, Corpus, settings with { Subsets = 1 }).Report(NeuronMetric.Contribution).ChannelsAcrossSubsets);
    }

    [Fact]
    public void ASpreadIsThatOfItsScores()
    {
        Assert.Equal(new ScoreSpread(1, 1, 1, 1, 1, 0.5), ScoreSpread.Of([1, 1, 1]));
        Assert.Equal(0.9, ScoreSpread.Of([4, 0.5, 0.5, 5]).TopHalfShare, 1e-12);
        Assert.Equal((0.5, 2.25, 5), (ScoreSpread.Of([4, 0.5, 0.5, 5]).Minimum, ScoreSpread.Of([4, 0.5, 0.5, 5]).Median, ScoreSpread.Of([4, 0.5, 0.5, 5]).Maximum));
        Assert.Null(RankAgreement.Spearman([1], [2]));
        Assert.Null(RankAgreement.Spearman([1, 1, 1], [1, 2, 3]));
        Assert.Equal(-1 / 3.0, RankAgreement.MeanOfPairs([[1, 2], [3, 4], [2, 1]])!.Value, 1e-12);
    }

    // From the definition, for scores without ties: one minus six times the squared differences of ranks over n(n² − 1).
    private static double Spearman(IReadOnlyList<double> a, IReadOnlyList<double> b)
    {
        double Rank(IReadOnlyList<double> scores, int i) => scores.Count(s => s < scores[i]);
        double n = a.Count, differences = Enumerable.Range(0, a.Count).Sum(i => Math.Pow(Rank(a, i) - Rank(b, i), 2));
        return 1 - 6 * differences / (n * (n * n - 1));
    }

    [Fact]
    public void BatchSizeDoesNotChangeScores()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 3).ToDecoderWeights(config));

        ImportanceScores one = ImportanceRanker.Rank(model, Corpus, batchSize: 1, windowLength: 32), many = ImportanceRanker.Rank(model, Corpus, batchSize: 7, windowLength: 32);

        foreach ((BlockImportance a, BlockImportance b) in one.Blocks.Zip(many.Blocks))
            Assert.All(a.Heads.Concat(a.Neurons).Zip(b.Heads.Concat(b.Neurons)), p => Assert.Equal(1, p.First / p.Second, 1e-6));
        Assert.All(one.Channels!.Zip(many.Channels!), p => Assert.Equal(1, p.First / p.Second, 1e-6));
    }

    [Fact]
    public void ScoresOfAnotherShapeAreRefused()
    {
        using TemporaryFolder folder = TestData.Temporary();
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 3).ToDecoderWeights(config));
        ImportanceScores scores = ImportanceRanker.Rank(model, Corpus);
        scores.Save(folder.Path);

        Assert.Equal(scores.Blocks[1].Neurons, ImportanceScores.Load(folder.Path, config).Blocks[1].Neurons);
        var e = Assert.Throws<FlextronException>(() => ImportanceScores.Load(folder.Path, config with { NeuronCount = 24 }));
        Assert.Contains("importance.json was not made for a model", e.Message, StringComparison.Ordinal);
    }
}
