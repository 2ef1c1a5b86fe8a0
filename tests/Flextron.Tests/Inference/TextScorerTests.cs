using Flextron.Inference;
using Flextron.Models;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Inference;

public sealed class TextScorerTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private static readonly HfWeights Weights = RandomLlama.Create(Config, seed: 2);

    [Fact]
    public void EveryTokenIsScoredFromItsOwnWindow()
    {
        using var model = new DecoderModel(Weights.ToDecoderWeights(Config));
        int[] ids = [.. Enumerable.Range(0, 2 * Config.ContextLength + 6).Select(i => i * 7 % Config.VocabularySize)];
        double[] result = TextScorer.LogProbabilities(model, ids);

        Assert.Equal(ids.Length - 1, result.Length);
        for (int start = 0; start < result.Length; start += Config.ContextLength)
        {
            int[] window = ids[start..Math.Min(start + Config.ContextLength + 1, ids.Length)];
            double[,] logits = NaiveLlama.Logits(Config, Weights, window[..^1]);
            for (int t = 0; t + 1 < window.Length; t++)
            {
                double sum = Enumerable.Range(0, Config.VocabularySize).Sum(v => Math.Exp(logits[t, v]));
                Assert.Equal(logits[t, window[t + 1]] - Math.Log(sum), result[start + t], 1e-4);
            }
        }
    }

    [Fact]
    public void AnIdBeyondTheVocabularyIsNamed()
    {
        using var model = new DecoderModel(Weights.ToDecoderWeights(Config));
        var e = Assert.Throws<FlextronException>(() => TextScorer.LogProbabilities(model, [1, 99]));
        Assert.Contains("99", e.Message, StringComparison.Ordinal);
    }
}
