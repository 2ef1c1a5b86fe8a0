using Flextron.Models;

namespace Flextron.Tests.Reference;

/// <summary>The reference itself, against closed forms.</summary>
public sealed class NaiveLlamaTests
{
    [Fact]
    public void MaskingEqualsZeroedWeights()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights weights = RandomLlama.Create(config, 1);
        int h = config.HeadSize, q = config.HeadCount * h, kept = 1 * config.HeadsPerGroup * h, c = config.HiddenSize;
        HfBlock Zeroed(HfBlock b, int heads, int neurons) => b with
        {
            O = [.. b.O.Select((v, i) => i % q < heads ? v : 0)],
            Down = [.. b.Down.Select((v, i) => i % config.NeuronCount < neurons ? v : 0)],
        };
        HfWeights zeroed = weights with { Blocks = [Zeroed(weights.Blocks[0], kept, 7), Zeroed(weights.Blocks[1], 0, 20)] };
        int[] ids = [1, 5, 9, 22, 0];
        double[,] masked = NaiveLlama.Logits(config, weights, ids, [new NaiveMask(1, 7), new NaiveMask(0, 20)]);
        double[,] expected = NaiveLlama.Logits(config, zeroed, ids), full = NaiveLlama.Logits(config, weights, ids);
        for (int t = 0; t < ids.Length; t++)
            for (int v = 0; v < config.VocabularySize; v++)
                Assert.Equal(expected[t, v], masked[t, v], 1e-12);
        Assert.NotEqual(full[4, 3], masked[4, 3], 1e-3);
    }

    [Fact]
    public void WithoutBlocksLogitsAreHeadTimesNormedEmbedding()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights weights = RandomLlama.Create(config, 2);
        double[,] logits = NaiveLlama.Logits(config, weights, [3], [new NaiveMask(0, 0), new NaiveMask(0, 0)]);
        double[] x = weights.Embedding[(3 * 16)..(4 * 16)];
        double rms = Math.Sqrt(x.Sum(a => a * a) / 16 + config.NormEpsilon);
        double expected = Enumerable.Range(0, 16).Sum(i => weights.Head[7 * 16 + i] * x[i] / rms * weights.Norm[i]);
        Assert.Equal(expected, logits[0, 7], 1e-12);
    }

    [Fact]
    public void LossOfEvenLogitsIsTheLogarithmOfTheVocabulary() =>
        Assert.Equal(Math.Log(8), NaiveLlama.MeanNll(new double[4, 8], [0, 1, 2, 3]), 1e-12);
}
