using Flextron.Evaluation;
using TorchSharp;

namespace Flextron.Tests.Evaluation;

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
        Assert.Equal(1, model.Rows);
        for (int i = 0; i < 4; i++) Assert.Equal(model.BruteForce(choices[i]).LogProbability, scores[i].LogProbability, 1e-5);
        Assert.Equal(model.BruteForce(new ContinuationTokens([1, 2, 3], [4, 5])).LogProbability, scores[4].LogProbability, 1e-5);
        Assert.Equal(model.BruteForce(new ContinuationTokens([1], [2, 3])).LogProbability, scores[5].LogProbability, 1e-5);
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
    public void AModelThatPicksPositionsIsBatchedByWhatItComputes()
    {
        ContinuationTokens[] requests = RandomRequests(4, 80, 12);
        var plain = new HashModel(Vocabulary, 10);
        var picking = new PickingModel(new HashModel(Vocabulary, 10));
        var settings = new ScorerSettings { BatchLogits = 12 * Vocabulary };
        var expected = new ContinuationScorer(plain, settings).Score(requests, null);
        Assert.Equal(expected, new ContinuationScorer(picking, settings).Score(requests, null));
        Assert.InRange(plain.LargestBatch, 1, 12);
        Assert.InRange(picking.MostPositions, 5, 12);
        Assert.True(picking.LargestBatch > 12);
    }

    private sealed class PickingModel(HashModel inner) : ILogitsModel
    {
        public int VocabularySize => inner.VocabularySize;

        public int ContextLength => inner.ContextLength;

        public bool PicksPositions => true;

        public long MostPositions { get; private set; }

        public long LargestBatch => inner.LargestBatch;

        public torch.Tensor Forward(torch.Tensor ids_BT) => throw new InvalidOperationException("only positions are asked for");

        public torch.Tensor ForwardAt(torch.Tensor ids_BT, torch.Tensor positions_N)
        {
            MostPositions = Math.Max(MostPositions, positions_N.numel());
            long length = ids_BT.shape[1];
            torch.Tensor all_BTV = inner.Forward(ids_BT);
            return torch.stack([.. positions_N.data<long>().ToArray().Select(p => all_BTV[p / length, p % length])]);
        }
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
