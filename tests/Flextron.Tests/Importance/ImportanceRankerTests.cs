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
