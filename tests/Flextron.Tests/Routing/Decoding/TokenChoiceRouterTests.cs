using Flextron.Elastic;
using Flextron.Inference;
using Flextron.Inference.Decoding;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Routing.Decoding;
using Flextron.Routing.Dynamic;
using Flextron.Tests.Reference;
using Flextron.Tests.Routing.Dynamic;
using static TorchSharp.torch;

namespace Flextron.Tests.Routing.Decoding;

public sealed class TokenChoiceRouterTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig() with { HeadCount = 8, KvGroupCount = 4 };
    private static readonly ElasticSpace Space = new([1, 2, 4], [8, 16, 20], Config.BlockCount);
    private static readonly RoutingCosts Costs = DynamicModelTests.Costs();

    [Theory]
    [InlineData(0.15)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void TheEngineChoosesAndComputesWhatTheDynamicModelDoes(double target)
    {
        using DecoderModel model = Model();
        using DynamicRouters routers = DynamicModelTests.Random(model);
        int[] ids = [.. Enumerable.Range(0, 30).Select(i => i * 7 % 23)];
        RoutedChoices Begin() => new(routers, Costs, [target]);
        using var recorded = new RecordedChoices(Begin());
        using var scope = NewDisposeScope();
        Tensor expected_TV = new DynamicModel(model, Space).Forward(tensor(ids.Select(i => (long)i).ToArray()).unsqueeze(0), recorded)[0];
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        RoutedChoices stepwise = Begin();
        using var asked = new RecordedChoices(stepwise);
        var router = new TokenChoiceRouter(asked, Space);
        for (int t = 0; t < ids.Length; t++)
        {
            float[] logits = session.Step(ids[t], router).ToArray(), expected = expected_TV[t].data<float>().ToArray();
            Assert.All(expected.Zip(logits), p => Assert.Equal(p.First, p.Second, 1e-4));
            // After every single token.
            Assert.InRange(stepwise.Controller!.MeanCost(0), Costs.Smallest - 1e-9, Costs.Target(target) * (1 + 1e-9));
        }
        Assert.All(Enumerable.Range(0, 2 * Config.BlockCount), layer => Assert.Equal(recorded.Of(layer)[0], asked.Of(layer).SelectMany(c => c)));
        Assert.True(recorded.Of(Config.BlockCount)[0].Distinct().Count() > 1);
        Assert.InRange(stepwise.Controller!.WorstRatio(0), 0.5, 1 + 1e-9);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AfterTheFirstTokenNothingIsAllocated(bool routesAttention)
    {
        using DecoderModel model = Model();
        using DynamicRouters routers = DynamicModelTests.Random(model);
        if (!routesAttention) routers.Budgets = routers.Budgets! with { Attention = [[0, 0], [1, 1]] };
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        var router = new TokenChoiceRouter(new RoutedChoices(routers, Costs, [0.6]), Space);
        for (int t = 0; t < 3; t++) session.Step(t, router);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int t = 3; t < 30; t++) session.Step(t % 23, router);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(BudgetKeeping.Causal, true, false)]
    [InlineData(BudgetKeeping.Capacities, true, false)]
    [InlineData(BudgetKeeping.Capacities, false, false)]
    [InlineData(BudgetKeeping.Causal, true, true)]
    [InlineData(BudgetKeeping.Capacities, true, true)]
    public void APromptReadAtOnceIsGoneOnFromByTheEngine(BudgetKeeping keeping, bool routesAttention, bool skipsParts)
    {
        const int Prompt = 14;
        using DecoderModel model = Model();
        // Tokens that skip a part have no keys in it at all, and nothing is computed for them.
        ElasticSpace space = skipsParts ? new([0, 1, 4], [0, 8, 20], Config.BlockCount) : Space;
        RoutingCosts costs = skipsParts ? new(1, [[0, 1, 4], [0, 1, 4]], [[0, 0.8, 2], [0, 0.8, 2]]) : Costs;
        using DynamicRouters routers = DynamicModelTests.Random(model, space, costs);
        if (!routesAttention) routers.Budgets = routers.Budgets! with { Attention = [[0, 0], [1, 1]] };
        int[] ids = [.. Enumerable.Range(0, 30).Select(i => i * 7 % 23)];
        var dynamic = new DynamicModel(model, space);
        RoutedChoices expectedChoices = new(routers, costs, [0.5], keeping), actualChoices = new(routers, costs, [0.5], keeping);
        using var scope = NewDisposeScope();
        using DynamicCache cache = dynamic.NewCache(1, 30);
        Tensor ids_1T = tensor(ids.Select(i => (long)i).ToArray()).unsqueeze(0);
        dynamic.Forward(ids_1T.narrow(1, 0, Prompt), expectedChoices, cache);
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        using var asked = new RecordedChoices(actualChoices);
        var router = new PromptChoiceRouter(asked, dynamic);
        // The token behind the prompt is the first whose logits are wanted.
        using DecodeBatch batch = engine.NewBatch(3, 30);
        var another = new PromptChoiceRouter(new RoutedChoices(routers, costs, [0.5], keeping), dynamic);
        float[] actual = session.Prefill(ids.AsSpan(0, Prompt + 1), router).ToArray();
        Assert.Equal(actual, batch.Prefill(1, ids.AsSpan(0, Prompt + 1), another).ToArray());
        for (int t = Prompt; t < ids.Length; t++)
        {
            float[] expected = dynamic.Forward(ids_1T.narrow(1, t, 1), expectedChoices, cache)[0, 0].data<float>().ToArray();
            if (t > Prompt)
            {
                actual = session.Step(ids[t], router).ToArray();
                batch.Step([new BatchToken(1, ids[t], Router: another)]);
                Assert.Equal(actual, batch.Logits(0).ToArray());
            }
            Assert.Equal((t + 1, t + 1), (session.Length, batch.Length(1)));
            Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-4));
            Assert.Equal(expectedChoices.Controller!.MeanCost(0), actualChoices.Controller!.MeanCost(0), 1e-9);
        }
        // Read at once: one stretch, then tokens.
        Assert.Equal([Prompt, 1], asked.Of(0).Take(2).Select(c => c.Length));
        int[] Chosen(int first) => [.. Enumerable.Range(first, Config.BlockCount).SelectMany(asked.Of).SelectMany(c => c)];
        if (routesAttention) Assert.True(Chosen(0).Distinct().Count() > 1);
        Assert.True(Chosen(Config.BlockCount).Distinct().Count() > 1);
        if (skipsParts) Assert.All((int[])[0, Config.BlockCount], first => Assert.Contains(0, Chosen(first)));
        Assert.InRange(actualChoices.Controller!.WorstRatio(0), 0.5, 1 + 1e-9);
    }

    [Fact]
    public void APromptThatCannotBeReadLeavesTheSequenceEmpty()
    {
        using DecoderModel model = Model();
        using DynamicRouters routers = DynamicModelTests.Random(model);
        using var engine = new DecodeEngine(model);
        // Room for one group of the first block, and the routers want more.
        SubNetwork narrow = new([new BlockShape(1, 20), new BlockShape(4, 20)]);
        using DecodeSession session = engine.NewSession(widest: narrow);
        PromptChoiceRouter Begin() => new(new RoutedChoices(routers, Costs, [0.9], BudgetKeeping.Capacities), new DynamicModel(model, Space));
        Assert.Contains("of block 0: choose 0 to 1", Assert.Throws<FlextronException>(() => session.Prefill([1, 2, 3, 4, 5, 6], Begin()).ToArray()).Message, StringComparison.Ordinal);
        Assert.Contains("vocabulary", Assert.Throws<FlextronException>(() => session.Prefill([1, 99], Begin()).ToArray()).Message, StringComparison.Ordinal);
        Assert.Equal(0, session.Length);
        using DecodeSession fresh = engine.NewSession(widest: narrow);
        Assert.Equal(fresh.Prefill([3, 4]).ToArray(), session.Prefill([3, 4]).ToArray());
    }

    [Fact]
    public void SequencesOfABatchKeepAccountsOfTheirOwn()
    {
        using DecoderModel model = Model();
        using DynamicRouters routers = DynamicModelTests.Random(model);
        using var engine = new DecodeEngine(model);
        double[] targets = [0.1, 0.4, 0.7, 0.9];
        RoutedChoices[] choices = [.. targets.Select(t => new RoutedChoices(routers, Costs, [t]))];
        TokenChoiceRouter[] together = [.. choices.Select(c => new TokenChoiceRouter(c, Space))], apart = [.. targets.Select(t => new TokenChoiceRouter(new RoutedChoices(routers, Costs, [t]), Space))];
        using DecodeBatch batch = engine.NewBatch(targets.Length);
        DecodeSession[] sessions = [.. targets.Select(_ => engine.NewSession())];
        var random = new Random(3);
        try
        {
            for (int i = 0; i < 25; i++)
            {
                // Not every sequence goes on in every step.
                BatchToken[] step = [.. Enumerable.Range(0, targets.Length).Where(s => i == 0 || random.Next(4) > 0).Select(s => new BatchToken(s, random.Next(23), Router: together[s]))];
                if (step.Length == 0) continue;
                batch.Step(step);
                for (int t = 0; t < step.Length; t++)
                {
                    int s = step[t].Sequence;
                    Assert.Equal(sessions[s].Step(step[t].Token, apart[s]).ToArray(), batch.Logits(t).ToArray());
                    Assert.InRange(choices[s].Controller!.MeanCost(0), Costs.Smallest - 1e-9, Costs.Target(targets[s]) * (1 + 1e-9));
                    Assert.Equal(batch.Length(s), choices[s].Controller!.Tokens);
                }
            }
        }
        finally
        {
            foreach (DecodeSession session in sessions) session.Dispose();
        }
    }

    [Fact]
    public void ScoresAreThoseOfReadingTokenByToken()
    {
        using DecoderModel model = Model();
        using DynamicRouters routers = DynamicModelTests.Random(model);
        // Longer than the context of 32: two windows, each a sequence with an account of its own.
        int[] ids = [.. Enumerable.Range(0, 50).Select(i => i * 5 % 23)];
        RoutedChoices Begin() => new(routers, Costs, [0.4]);
        double[] scores = TextScorer.LogProbabilities(new DynamicModel(model, Space), ids, Begin);
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        TokenChoiceRouter? router = null;
        for (int t = 0; t < 49; t++)
        {
            if (t % 32 == 0)
            {
                session.Reset();
                router = new TokenChoiceRouter(Begin(), Space);
            }
            float[] logits = session.Step(ids[t], router!).ToArray();
            double greatest = logits.Max(), sum = logits.Sum(l => Math.Exp(l - greatest));
            Assert.Equal(logits[ids[t + 1]] - greatest - Math.Log(sum), scores[t], 1e-4);
        }
    }

    private static DecoderModel Model() => new(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config));
}
