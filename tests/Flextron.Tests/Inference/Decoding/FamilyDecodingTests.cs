using System.Text.Json.Nodes;
using Flextron.Elastic;
using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Routing.Decoding;
using Flextron.Routing.Dynamic;
using Flextron.Tests.Families;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Inference.Decoding;

/// <summary>The decode engine on every architecture: against an independent implementation, and against libtorch at every width.</summary>
public sealed class FamilyDecodingTests
{
    public static TheoryData<string> Names => FamilyFixture.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void LogitsAreThoseOfTheReference(string name)
    {
        double[][] expected = [.. FamilyFixture.Expected(name)["logits"]!.AsArray().Select(row => FamilyFixture.Numbers(row!))];
        int[] ids = Ids(name);
        using DecoderModel model = FamilyFixture.Load(name);
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            using var engine = new DecodeEngine(model, WeightFormat.Model, kernels);
            using DecodeSession session = engine.NewSession();
            for (int t = 0; t < ids.Length; t++)
            {
                float[] logits = session.Step(ids[t]).ToArray();
                Assert.All(expected[t].Zip(logits), p => Assert.Equal(p.First, p.Second, 5e-5));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EverySubNetworkGivesTheLogitsOfLibtorchStepByStepAndInBlocks(string name)
    {
        int[] ids = Ids(name);
        using DecoderModel model = FamilyFixture.Load(name);
        foreach (SubNetwork network in FamilyFixture.Networks(model.Config))
        {
            float[,] expected = DecodeSessionTests.TorchLogits(model, ids, network);
            foreach (IKernels kernels in RandomShapes.Kernels)
            {
                using var engine = new DecodeEngine(model, WeightFormat.Model, kernels);
                using DecodeSession steps = engine.NewSession(), blocks = engine.NewSession();
                for (int t = 0; t < ids.Length; t++)
                {
                    float[] logits = steps.Step(ids[t], network).ToArray();
                    for (int v = 0; v < logits.Length; v++) Assert.Equal(expected[t, v], logits[v], 1e-4);
                }
                blocks.Prefill(ids.AsSpan(0, 5), network);
                Assert.Equal(steps.Logits.ToArray(), blocks.Prefill(ids.AsSpan(5), network).ToArray());
            }
        }
    }

    [Theory]
    [InlineData("mistral")]
    [InlineData("qwen2-windows")]
    [InlineData("smollm3")]
    public void AWindowHidesWhatLiesBeforeItOverManyChunksOfThePast(string name)
    {
        // The fixture's context is short: the same layers with a longer one, a window that is no multiple of a tile, and several chunks.
        ModelConfig config = FamilyConfig(name, 700, window: 333);
        using DecoderModel model = Random(config);
        int[] ids = RandomShapes.Ids(config, new Random(2), 690);
        float[,] expected = DecodeSessionTests.TorchLogits(model, ids, model.FullNetwork);
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            using var engine = new DecodeEngine(model, WeightFormat.Model, kernels);
            using DecodeSession steps = engine.NewSession(), blocks = engine.NewSession();
            foreach (int from in (int[])[0, 300, 600])
            {
                blocks.Prefill(ids.AsSpan(from, 90));
                for (int t = from; t < from + 90; t++) steps.Step(ids[t]);
                float[] logits = steps.Logits.ToArray();
                for (int v = 0; v < logits.Length; v++) Assert.Equal(expected[from + 89, v], logits[v], 1e-4);
                Assert.Equal(logits, blocks.Logits.ToArray());
                for (int t = from + 90; t < Math.Min(from + 300, ids.Length); t++) steps.Step(ids[t]);
                if (from < 600) blocks.Prefill(ids.AsSpan(from + 90, 210));
            }
        }
    }

    [Theory]
    [InlineData("gpt2", 300)]
    [InlineData("gpt-neox", 300)]
    [InlineData("qwen3", 300)]
    [InlineData("smollm3", 300)]
    public void TheNumberOfThreadsChangesNoBit(string name, int context)
    {
        ModelConfig config = FamilyConfig(name, context) with { HiddenSize = 256, NeuronCount = 900, VocabularySize = 2000 };
        using DecoderModel model = Random(config);
        int[] ids = RandomShapes.Ids(config, new Random(2), 270);
        using var engine = new DecodeEngine(model);
        using DecodeSession one = engine.NewSession(threads: 1);
        one.Prefill(ids);
        foreach (int threads in (int[])[2, 3])
        {
            using var team = new WorkerTeam(threads);
            using var many = new DecodeSession(engine, config.ContextLength, threads, team);
            Assert.Equal(one.Logits.ToArray(), many.Prefill(ids).ToArray());
            Assert.Equal(one.Step(7).ToArray(), many.Step(7).ToArray());
            one.TruncateTo(0);
            one.Prefill(ids);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void SmallerFormatsAreNearAndAllocateNothing(string name)
    {
        int[] ids = Ids(name);
        using DecoderModel model = FamilyFixture.Load(name);
        float[,] expected = DecodeSessionTests.TorchLogits(model, ids, model.FullNetwork);
        double scale = expected.Cast<float>().Max(MathF.Abs);
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.BFloat16, WeightFormat.Int8])
        {
            using var engine = new DecodeEngine(model, format);
            using DecodeSession session = engine.NewSession();
            session.Prefill(ids);
            float[] logits = session.Logits.ToArray();
            double worst = Enumerable.Range(0, logits.Length).Max(v => Math.Abs(expected[ids.Length - 1, v] - logits[v]));
            // Eight bits of a weight's value, over a handful of layers.
            Assert.InRange(worst, 1e-6, 0.1 * scale);
            session.Reset();
            long before = GC.GetAllocatedBytesForCurrentThread();
            foreach (int id in ids) session.Step(id);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [Theory]
    [InlineData("gpt-neox")]
    [InlineData("gpt2")]
    [InlineData("qwen3")]
    [InlineData("granite")]
    public void RoutersSeeWhatTheySeeInTheDynamicModel(string name)
    {
        int[] ids = Ids(name);
        using DecoderModel model = FamilyFixture.Load(name);
        var space = new ElasticSpace([1, model.Config.KvGroupCount], [5, 9, model.Config.NeuronCount], model.Config.BlockCount);
        using var start = new StaticRouters(space);
        using var routers = new DynamicRouters(start, model.Config.HiddenSize);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using (Generator generator = new(1))
            foreach (TorchSharp.Modules.Parameter parameter in routers.Parameters) parameter.add_(randn(parameter.shape, generator: generator));
        double[][] Each(double[] costs) => [.. Enumerable.Repeat(costs, model.Config.BlockCount)];
        var costs = new RoutingCosts(1, Each([1, 2]), Each([0.5, 0.9, 2]));
        routers.Budgets = new LayerBudgets([0, 1], [.. Enumerable.Range(0, 2).Select(_ => (IReadOnlyList<double>)[.. costs.Layers().Select(c => c.Average())])]);
        RoutedChoices Begin() => new(routers, costs, [0.5], BudgetKeeping.None);
        Tensor expected_TV = new DynamicModel(model, space).Forward(tensor(ids.Select(i => (long)i).ToArray()).unsqueeze(0), Begin())[0];
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        var router = new TokenChoiceRouter(Begin(), space);
        for (int t = 0; t < ids.Length; t++)
        {
            float[] logits = session.Step(ids[t], router).ToArray();
            Assert.All(expected_TV[t].data<float>().ToArray().Zip(logits), p => Assert.Equal(p.First, p.Second, 1e-4));
        }
    }

    private static int[] Ids(string name) => [.. FamilyFixture.Expected(name)["ids"]!.AsArray().Select(v => (int)v!)];

    private static ModelConfig FamilyConfig(string name, int context, int? window = null)
    {
        using DecoderModel model = FamilyFixture.Load(name);
        ModelConfig config = model.Config;
        return config with { ContextLength = context, Architecture = config.Architecture with { SlidingWindow = window ?? config.Architecture.SlidingWindow } };
    }

    internal static DecoderModel Random(ModelConfig config)
    {
        DecoderWeights weights = DecoderWeights.Allocate(config);
        using var noGrad = no_grad();
        using Generator generator = new(3);
        foreach ((string part, Tensor tensor) in weights.Named())
        {
            double size = tensor.dim() == 2 ? 1 / Math.Sqrt(config.HiddenSize) : 0.2;
            tensor.copy_(randn(tensor.shape, generator: generator) * size + (part.EndsWith("Norm", StringComparison.Ordinal) ? 1 : 0));
        }
        return new DecoderModel(weights);
    }
}
