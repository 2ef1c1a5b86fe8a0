using Flextron.Evaluation.Scoring;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Evaluation.Scoring;

public class ContinuationScorerTests
{
    private const int Vocabulary = 13;

    private static ContinuationTokens[] RandomRequests(int seed, int count, int longest)
    {
        var random = new Random(seed);
        int[] Ids(int n) => [.. Enumerable.Range(0, n).Select(_ => random.Next(Vocabulary))];
        var requests = new List<ContinuationTokens>();
        while (requests.Count < count)
        {
            int[] context = Ids(random.Next(1, longest));
            for (int c = random.Next(1, 5); c > 0; c--) requests.Add(new ContinuationTokens(context, Ids(random.Next(1, 5))));
        }
        return [.. requests];
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(40, 256)]
    [InlineData(4096, 5)]
    [InlineData(4096, 256)]
    public void EveryBatchSizeGivesTheScoresOfOneByOneScoring(int tokens, int rows)
    {
        var model = new HashModel(Vocabulary, 10);
        ContinuationTokens[] requests = RandomRequests(1, 150, 16);
        var scores = new ContinuationScorer(model, new ScorerSettings { BatchTokens = tokens, BatchRows = rows }).Score(requests, null);
        Assert.Equal(requests.Length, scores.Count);
        for (int i = 0; i < requests.Length; i++)
        {
            (double logProbability, bool greedy) = model.BruteForce(requests[i]);
            Assert.Equal(logProbability, scores[i].LogProbability, 1e-4);
            Assert.Equal(greedy, scores[i].IsGreedy);
        }
        Assert.Contains(scores, score => score.IsGreedy);
        Assert.True(model.LargestBatch <= Math.Max(tokens, 10), $"{model.LargestBatch}");
    }

    [Fact]
    public void OrderAndBatchSizeDoNotChangeASingleBit()
    {
        ContinuationTokens[] requests = RandomRequests(2, 120, 16);
        var reference = new ContinuationScorer(new HashModel(Vocabulary, 12), new ScorerSettings { BatchRows = 1 }).Score(requests, null);
        for (int seed = 0; seed < 5; seed++)
        {
            int[] order = [.. Enumerable.Range(0, requests.Length)];
            new Random(seed).Shuffle(order);
            var shuffled = new ContinuationScorer(new HashModel(Vocabulary, 12), new ScorerSettings { BatchTokens = 17 * (seed + 1) })
                .Score([.. order.Select(i => requests[i])], null);
            Assert.Equal(order.Select(i => reference[i]), shuffled);
        }
    }

    [Fact]
    public void ALongContextIsCutOnTheLeft()
    {
        var model = new HashModel(Vocabulary, 4);
        var scorer = new ContinuationScorer(model);
        // Last max_length + 1 = 5 tokens of 1..8 are 4 5 6 7 8; 4 5 6 7 are the input.
        var cut = scorer.Score([new ContinuationTokens([1, 2, 3, 4, 5, 6], [7, 8])], null)[0];
        var same = scorer.Score([new ContinuationTokens([4, 5, 6], [7, 8])], null)[0];
        Assert.Equal(same, cut);
        Assert.Equal(model.BruteForce(new ContinuationTokens([4, 5, 6], [7, 8])).LogProbability, cut.LogProbability, 1e-5);
        // Of a continuation longer than the context only the end can be scored.
        Assert.Equal(4, scorer.Score([new ContinuationTokens([1], [2, 3, 4, 5, 6, 7])], null)[0].ScoredTokens);
    }

    [Fact]
    public void RequestsThatDifferOnlyInTheLastTokenShareOneForward()
    {
        var model = new HashModel(Vocabulary, 16);
        int[] context = [1, 2, 3, 4];
        ContinuationTokens[] choices = [.. Enumerable.Range(5, 4).Select(id => new ContinuationTokens(context, [id]))];
        var scores = new ContinuationScorer(model).Score([.. choices, new ContinuationTokens([1, 2, 3], [4, 5]), new ContinuationTokens([1], [2, 3])], null);
        Assert.Equal((1, 4), (model.Rows, model.Tokens));
        for (int i = 0; i < 4; i++) Assert.Equal(model.BruteForce(choices[i]).LogProbability, scores[i].LogProbability, 1e-5);
        Assert.Equal(model.BruteForce(new ContinuationTokens([1, 2, 3], [4, 5])).LogProbability, scores[4].LogProbability, 1e-5);
        Assert.Equal(model.BruteForce(new ContinuationTokens([1], [2, 3])).LogProbability, scores[5].LogProbability, 1e-5);
    }

    [Fact]
    public void ChoicesBranchOffTheirQuestionWhichIsComputedOnce()
    {
        var model = new HashModel(Vocabulary, 64);
        int[] context = [.. Enumerable.Range(0, 40).Select(i => i * 7 % Vocabulary)];
        // Inputs are context + all but the last token: 2, 3 and 2 tokens beyond it, of which the first two requests share one.
        ContinuationTokens[] choices = [new(context, [1, 2, 3]), new(context, [1, 4, 5, 6]), new(context, [7, 8, 9])];
        var scores = new ContinuationScorer(model).Score(choices, null);
        Assert.Equal((1, 40 + 2 + 3 + 2 - 1), (model.Rows, model.Tokens));
        for (int i = 0; i < choices.Length; i++) Assert.Equal(model.BruteForce(choices[i]).LogProbability, scores[i].LogProbability, 1e-5);

        var apart = new HashModel(Vocabulary, 64);
        Assert.Equal(scores, new ContinuationScorer(apart, new ScorerSettings { SharePrefixes = false }).Score(choices, null));
        Assert.Equal(3, apart.Rows);
    }

    [Fact]
    public void ExamplesBeforeManyQuestionsAreComputedOnceUnlessTheyWereCut()
    {
        var random = new Random(3);
        int[][] subjects = [.. new[] { 300, 200 }.Select(n => Enumerable.Range(0, n).Select(_ => random.Next(Vocabulary)).ToArray())];
        ContinuationTokens[] requests = [.. Enumerable.Range(0, 60).SelectMany(i =>
        {
            int[] question = [.. subjects[i % 2], .. Enumerable.Range(0, 20 + i).Select(_ => random.Next(Vocabulary))];
            return Enumerable.Range(1, 4).Select(letter => new ContinuationTokens(question, [letter]));
        })];
        int Tokens(int context, out HashModel model)
        {
            model = new HashModel(Vocabulary, context);
            IReadOnlyList<ContinuationScore> scores = new ContinuationScorer(model).Score(requests, null);
            for (int i = 0; i < requests.Length; i += 7) Assert.Equal(model.BruteForce(requests[i]).LogProbability, scores[i].LogProbability, 1e-5);
            return (int)model.Tokens;
        }

        int shared = Tokens(400, out HashModel whole);
        Assert.Equal(2, whole.Prefixes);
        // 20 + … + 79 tokens beyond the examples; random questions share a token here and there.
        Assert.InRange(shared, 2900, 2970);
        // 310 tokens cut every question of the first subject to a beginning of its own; of the second subject's, 21 + 23 + … + 79 remain.
        int cut = Tokens(310, out HashModel half);
        Assert.Equal(1, half.Prefixes);
        Assert.InRange(cut, 1450 + (30 * 310), 1500 + (30 * 310));
    }

    [Fact]
    public void AnEmptyContinuationIsCertainAndAForeignTokenIsNamed()
    {
        var scorer = new ContinuationScorer(new HashModel(Vocabulary, 4));
        Assert.Equal(new ContinuationScore(0, true, 0), scorer.Score([new ContinuationTokens([1], [])], null)[0]);
        var error = Assert.Throws<FlextronException>(() => scorer.Score([new ContinuationTokens([1], [Vocabulary])], null));
        Assert.Contains("13 is outside the model's vocabulary of 13", error.Message, StringComparison.Ordinal);
        Assert.Throws<FlextronException>(() => scorer.Score([new ContinuationTokens([], [1])], null));
    }

    [Fact]
    public void LogitsAreMadeOfSomePlacesAtATime()
    {
        ContinuationTokens[] requests = RandomRequests(4, 80, 12);
        HashModel free = new(Vocabulary, 10), limited = new(Vocabulary, 10);
        var expected = new ContinuationScorer(free).Score(requests, null);
        Assert.Equal(expected, new ContinuationScorer(limited, new ScorerSettings { HeadRows = 7 }).Score(requests, null));
        Assert.Equal(7, limited.MostLogits);
        Assert.True(free.MostLogits > 100);
        Assert.Equal((256, 64), (new ScorerSettings().HeadRowsFor(2048), new ScorerSettings().HeadRowsFor(128_000)));
    }

    [Fact]
    public void ManyModelsAreScoredInOnePass()
    {
        ContinuationTokens[] requests = RandomRequests(5, 60, 12);
        ILogitsModel[] models = [new HashModel(Vocabulary, 10), new HashModel(Vocabulary - 1, 10)];
        Assert.Throws<FlextronException>(() => ContinuationScorer.ScoreAll([models[1]], requests));
        requests = [.. requests.Where(r => r.Context.Concat(r.Continuation).All(id => id < Vocabulary - 1))];
        var both = ContinuationScorer.ScoreAll(models, requests);
        for (int m = 0; m < models.Length; m++) Assert.Equal(new ContinuationScorer(models[m]).Score(requests, null), both[m]);
        Assert.NotEqual(both[0], both[1]);
    }

    private sealed class BrokenModel : ILogitsModel
    {
        public int VocabularySize => Vocabulary;

        public int ContextLength => 8;

        public Tensor Hidden(TokenTrees trees) => zeros(trees.Picks.Length, 1);

        public Tensor Logits(Tensor hidden_NC) => full(hidden_NC.size(0), Vocabulary, float.NaN);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void LogitsThatAreNotNumbersAreRefused(int workers)
    {
        var scorer = new ContinuationScorer(new BrokenModel(), new ScorerSettings { BatchTokens = 16, Workers = workers });
        var error = Assert.Throws<FlextronException>(() => scorer.Score(RandomRequests(3, 20, 8), null));
        Assert.Equal("The model's logits are not numbers: check the weights, or use float32.", error.Message);
    }

    [Fact]
    public void NativeMemoryDoesNotGrow()
    {
        var scorer = new ContinuationScorer(new HashModel(Vocabulary, 8), new ScorerSettings { BatchTokens = 16 });
        ContinuationTokens[] requests = RandomRequests(3, 20, 8);
        scorer.Score(requests, null);
        long before = Tensor();
        for (int i = 0; i < 50; i++) scorer.Score(requests, null);
        Assert.Equal(before, Tensor());

        static long Tensor() => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
    }
}
