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
    [InlineData(BudgetKeeping.Causal, true)]
    [InlineData(BudgetKeeping.Capacities, true)]
    [InlineData(BudgetKeeping.Capacities, false)]
    public void APromptReadAtOnceIsGoneOnFromByTheEngine(BudgetKeeping keeping, bool routesAttention)
    {
        const int Prompt = 14;
        using DecoderModel model = Model();
        using DynamicRouters routers = DynamicModelTests.Random(model);
        if (!routesAttention) routers.Budgets = routers.Budgets! with { Attention = [[0, 0], [1, 1]] };
        int[] ids = [.. Enumerable.Range(0, 30).Select(i => i * 7 % 23)];
        var dynamic = new DynamicModel(model, Space);
        RoutedChoices expectedChoices = new(routers, Costs, [0.5], keeping), actualChoices = new(routers, Costs, [0.5], keeping);
        using var scope = NewDisposeScope();
        using DynamicCache cache = dynamic.NewCache(1, 30);
        Tensor ids_1T = tensor(ids.Select(i => (long)i).ToArray()).unsqueeze(0);
        dynamic.Forward(ids_1T.narrow(1, 0, Prompt), expectedChoices, cache);
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        var router = new PromptChoiceRouter(actualChoices, dynamic);
        router.ReadPrompt(ids.AsSpan(0, Prompt), session);
        Assert.Equal(Prompt, session.Length);
        Assert.Equal(expectedChoices.Controller!.MeanCost(0), actualChoices.Controller!.MeanCost(0), 1e-9);
        for (int t = Prompt; t < ids.Length; t++)
        {
            float[] expected = dynamic.Forward(ids_1T.narrow(1, t, 1), expectedChoices, cache)[0, 0].data<float>().ToArray(), actual = session.Step(ids[t], router).ToArray();
            Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-4));
        }
        Assert.Equal(expectedChoices.Controller.MeanCost(0), actualChoices.Controller.MeanCost(0), 1e-9);
        Assert.InRange(actualChoices.Controller.WorstRatio(0), 0.5, 1 + 1e-9);
        Assert.Contains("already", Assert.Throws<FlextronException>(() => router.ReadPrompt(ids, session)).Message, StringComparison.Ordinal);
        session.Reset();
        Assert.Contains("vocabulary", Assert.Throws<FlextronException>(() => router.ReadPrompt([1, 99], session)).Message, StringComparison.Ordinal);
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
