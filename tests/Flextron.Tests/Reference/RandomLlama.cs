using Flextron.Models;

namespace Flextron.Tests.Reference;

/// <summary>Random models for tests; every value is exactly a float, so double references and float models start equal.</summary>
internal static class RandomLlama
{
    /// <summary>A tiny shape: grouped-query attention, a head size that is not hidden size ÷ heads unless asked otherwise.</summary>
    public static ModelConfig TinyConfig(bool tied = false, int headSize = 6, int vocabulary = 23) => new()
    {
        Family = "llama",
        VocabularySize = vocabulary,
        HiddenSize = 16,
        BlockCount = 2,
        HeadCount = 4,
        KvGroupCount = 2,
        HeadSize = headSize,
        NeuronCount = 20,
        ContextLength = 32,
        TiedEmbeddings = tied,
        BosId = 1,
        EosId = 2,
    };

    /// <summary>Weights of a shape: projections of variance 1/fan-in, norms around 1.</summary>
    public static HfWeights Create(ModelConfig config, int seed)
    {
        var random = new Random(seed);
        int c = config.HiddenSize, q = config.HeadCount * config.HeadSize, k = config.KvGroupCount * config.HeadSize, d = config.NeuronCount;
        double[] Normal(int count, double deviation, double mean = 0)
        {
            double[] values = new double[count];
            for (int i = 0; i < count; i++)
                values[i] = (float)(mean + deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
            return values;
        }
        double[] Matrix(int rows, int columns) => Normal(rows * columns, 1 / Math.Sqrt(columns));
        double[] Norm() => Normal(c, 0.2, 1);

        double[] embedding = Normal(config.VocabularySize * c, 1);
        HfBlock[] blocks = [.. Enumerable.Range(0, config.BlockCount).Select(_ => new HfBlock(
            Norm(), Matrix(q, c), Matrix(k, c), Matrix(k, c), Matrix(c, q), Norm(), Matrix(d, c), Matrix(d, c), Matrix(c, d)))];
        return new HfWeights(embedding, blocks, Norm(), config.TiedEmbeddings ? embedding : Matrix(config.VocabularySize, c));
    }
}
