using Flextron.Data;
using Flextron.Elastic;
using Flextron.Evaluation.Scoring;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Evaluation.Scoring;

public class ElasticLogitsModelTests
{
    private static readonly Lazy<ElasticFamily> Embedded = new(() => ElasticFamily.Load(EmbeddedData.BaseModel));

    private static DecoderModel Model => Embedded.Value.Model;

    // Questions with choices, questions behind common examples, single letters, repeated requests, and what must be cut.
    private static ContinuationTokens[] Requests(int seed)
    {
        var random = new Random(seed);
        int[] Ids(int n) => [.. Enumerable.Range(0, n).Select(_ => random.Next(Model.Config.VocabularySize))];
        int[] examples = Ids(90);
        var requests = new List<ContinuationTokens>();
        for (int i = 0; i < 12; i++)
        {
            int[] question = [.. random.Next(2) == 0 ? examples : [], .. Ids(random.Next(1, 60))], start = Ids(random.Next(0, 5));
            for (int c = random.Next(1, 5); c > 0; c--) requests.Add(new ContinuationTokens(question, [.. start, .. Ids(random.Next(1, 12))]));
        }
        int[] letters = Ids(30);
        requests.AddRange(Enumerable.Range(0, 4).Select(_ => new ContinuationTokens(letters, Ids(1))));
        requests.Add(requests[0]);
        requests.Add(new ContinuationTokens([.. examples, .. Ids(240)], Ids(6)));
        requests.Add(new ContinuationTokens(Ids(3), Ids(Model.Config.ContextLength + 5)));
        return [.. requests];
    }

    /// <summary>One request on its own by the plainest way: logits of the whole sequence, no batch, no tree, no cache.</summary>
    private static (double LogProbability, bool IsGreedy) Alone(ContinuationTokens request, SubNetwork network)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        long[] whole = [.. request.Context.Concat(request.Continuation).TakeLast(Model.Config.ContextLength + 1).Select(id => (long)id)];
        int scored = Math.Min(request.Continuation.Length, whole.Length - 1);
        Tensor logits_SV = Model.Forward(tensor(whole[..^1]).unsqueeze(0), network)[0].narrow(0, whole.Length - 1 - scored, scored);
        Tensor targets_S = tensor(whole[^scored..]);
        double sum = nn.functional.log_softmax(logits_SV, 1).gather(1, targets_S.unsqueeze(1)).sum().item<float>();
        return (sum, logits_SV.argmax(1).eq(targets_S).all().item<bool>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ScoresEqualOneByOneScoringForAnyBatchOrderAndSlice(int seed)
    {
        Random random = new(seed + 100);
        SubNetwork[] networks =
        [
            Model.FullNetwork, Embedded.Value.Space.Random(random),
            new SubNetwork([new(2, 96), BlockShape.Skipped, new(1, 0), new(0, 200)], width: 80), new SubNetwork(Enumerable.Repeat(BlockShape.Skipped, 4)),
        ];
        ContinuationTokens[] requests = Requests(seed);
        random.Shuffle(requests);
        var settings = new ScorerSettings
        {
            BatchTokens = random.Next(1, 2000), BatchRows = random.Next(1, 20), HeadRows = random.Next(1, 200), AttentionLength = random.Next(64, 4000), Workers = 1 + (seed % 3),
        };
        var scores = ContinuationScorer.ScoreAll([.. networks.Select(n => new ElasticLogitsModel(Model, n))], requests, settings);
        for (int n = 0; n < networks.Length; n++)
        {
            for (int i = 0; i < requests.Length; i++)
            {
                (double logProbability, bool greedy) = Alone(requests[i], networks[n]);
                Assert.Equal(logProbability, scores[n][i].LogProbability, 1e-3);
                Assert.Equal(greedy, scores[n][i].IsGreedy);
            }
        }
    }

    [Fact]
    public void ANewPrefixReplacesTheHeldOne()
    {
        using var model = new ElasticLogitsModel(Model);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (int[] prefix in (int[][])[[5, 6, 7], [5, 6, 7], [8, 9], [], [5, 6, 7]])
        {
            // Row 0 is the tree 10 → (11, 12 → 13); row 1 the sequence 14.
            var trees = new TokenTrees(prefix, [4, 1], [10, 11, 12, 13, 14, 0, 0, 0], [0, 1, 1, 2, 0, 0, 0, 0], [4, 2, 4, 4, 1, 2, 3, 4], [1, 3, 4]);
            Assert.True(trees.IsBranching);
            Assert.Equal(prefix.Length + 3, trees.Depth);
            long[][] paths = [[10, 11], [10, 12, 13], [14]];
            Tensor logits_NV = model.Logits(model.Hidden(trees));
            for (int n = 0; n < paths.Length; n++)
            {
                long[] path = [.. prefix.Select(id => (long)id), .. paths[n]];
                Assert.Equal(path, trees.Path(trees.Picks[n]));
                Tensor alone_V = Model.Forward(tensor(path).unsqueeze(0))[0][-1];
                Assert.InRange((logits_NV[n] - alone_V).abs().max().item<float>(), 0, 1e-4);
            }
        }
    }

    [Fact]
    public void APathBeyondTheContextIsRefused()
    {
        int[] prefix = new int[Model.Config.ContextLength];
        using var model = new ElasticLogitsModel(Model);
        var error = Assert.Throws<FlextronException>(() => model.Hidden(new TokenTrees(prefix, [1], [1], [0], [1], [0])));
        Assert.Contains("257 tokens do not fit the model's context of 256", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NativeMemoryDoesNotGrow()
    {
        ContinuationTokens[] requests = Requests(9);
        SubNetwork small = Embedded.Value.Space.Smallest;
        void Score()
        {
            using var model = new ElasticLogitsModel(Model, small);
            // The count is of this thread, so this thread does the work.
            new ContinuationScorer(model, new ScorerSettings { BatchTokens = 300, Workers = 1 }).Score(requests, null);
        }

        Score();
        long before = Live();
        for (int i = 0; i < 50; i++) Score();
        Assert.Equal(before, Live());

        static long Live() => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
    }
}
