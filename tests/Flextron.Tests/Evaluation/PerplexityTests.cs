using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Models;
using Flextron.Tests.Evaluation.Scoring;
using static TorchSharp.torch;

namespace Flextron.Tests.Evaluation;

public class PerplexityTests
{
    private sealed class UniformModel(int vocabulary, int contextLength) : ILogitsModel
    {
        public int VocabularySize => vocabulary;

        public int ContextLength => contextLength;

        public Tensor Hidden(TokenTrees trees) => zeros(trees.Picks.Length, 1);

        public Tensor Logits(Tensor hidden_NC) => zeros(hidden_NC.size(0), vocabulary);
    }

    [Fact]
    public void AUniformModelLosesTheLogOfItsVocabularyPerToken()
    {
        var tokenizer = new ToyTokenizer();
        const string Text = "one two\n é three";
        PerplexityResult result = Perplexity.Measure(new ContinuationScorer(new UniformModel(258, 5)), tokenizer, [Text]);
        double logV = Math.Log(258);
        Assert.Equal((16, 16, 4, 17, 4), (result.Tokens, result.Characters, result.Words, result.Bytes, result.Windows));
        Assert.Equal(logV, result.MeanNll, 1e-5);
        Assert.Equal(258, result.Perplexity, 1e-2);
        Assert.Equal(logV, result.NllPerCharacter, 1e-5);
        Assert.Equal(16 * logV / 17 / Math.Log(2), result.BitsPerByte, 1e-5);
        Assert.Equal(Math.Exp(4 * logV), result.WordPerplexity, Math.Exp(4 * logV) * 1e-4);
        Assert.Equal(Math.Exp(16 * logV / 17), result.BytePerplexity, 1e-2);
        Assert.Equal(0, result.MeanNllStderr, 1e-6);
    }

    [Fact]
    public void WindowsAreDisjointAndTheLastOneHasAFullInput()
    {
        var tokenizer = new ToyTokenizer();
        var model = new HashModel(tokenizer.VocabularySize, 8);
        PerplexityResult result = Perplexity.Measure(new ContinuationScorer(model), tokenizer, ["abcdefg", "hi"], window: 3);
        int[] Ids(string text) => tokenizer.Encode(text, addSpecialTokens: false);
        double[] nll = [.. new (int[], int[])[] { ([0], Ids("abc")), (Ids("c"), Ids("def")), (Ids("def"), Ids("g")), ([0], Ids("hi")) }
            .Select(w => -model.BruteForce(new ContinuationTokens(w.Item1, w.Item2)).LogProbability)];
        int[] sizes = [3, 3, 1, 2];
        double mean = nll.Sum() / 9;
        Assert.Equal(4, result.Windows);
        Assert.Equal(mean, result.MeanNll, 1e-5);
        double squares = nll.Zip(sizes, (x, n) => (x - (mean * n)) * (x - (mean * n))).Sum();
        Assert.Equal(Math.Sqrt(squares * 4 / 3) / 9, result.MeanNllStderr, 1e-5);
    }

    // The example of lm-evaluation-harness's own tests: 34 tokens, inputs of 10, one token of context, as its make_disjoint_window leaves them.
    [Fact]
    public void WindowsAreThoseOfTheHarness()
    {
        int[] ids = [.. Enumerable.Range(0, 34)];
        Assert.Equal(
            ["-100 > 0-9", "9 > 10-19", "19 > 20-29", "23 24 25 26 27 28 29 > 30-33"],
            RollingWindows.Cut(-100, ids, 10).Select(w => $"{string.Join(' ', w.Context)} > {w.Continuation[0]}-{w.Continuation[^1]}"));
        Assert.All(RollingWindows.Cut(-100, ids, 10), w => Assert.Equal(10, w.Context.Length + w.Continuation.Length - 1));
        ContinuationTokens whole = Assert.Single(RollingWindows.Cut(-100, ids, 40));
        Assert.Equal([-100], whole.Context);
        Assert.Equal(ids, whole.Continuation);
    }

    [Fact]
    public void AWindowBeyondTheContextAndAnEmptyTextAreRefused()
    {
        var scorer = new ContinuationScorer(new UniformModel(258, 5));
        Assert.Throws<FlextronException>(() => Perplexity.Measure(scorer, new ToyTokenizer(), ["a"], window: 6));
        Assert.Throws<FlextronException>(() => Perplexity.Measure(scorer, new ToyTokenizer(), [""]));
    }
}
