using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Inference.Decoding;

public sealed class DecodeSessionTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 24)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void EveryStepGivesTheLogitsOfLibtorchAtEveryVectorWidth(int seed)
    {
        ModelConfig config = RandomShapes.Config(seed);
        HfWeights weights = RandomLlama.Create(config, seed);
        using var model = new DecoderModel(weights.ToDecoderWeights(config));
        var random = new Random(seed);
        int[] ids = RandomShapes.Ids(config, random, 37);
        foreach (SubNetwork network in new[] { model.FullNetwork, RandomShapes.Network(config, random), RandomShapes.Network(config, random) })
        {
            float[,] expected = TorchLogits(model, ids, network);
            // Norms over a channel or two blow rounding errors up, libtorch's own as well: what that is wrong by, this may be too.
            double tolerance = 1e-4 + 3 * Error(expected, config, weights, ids, network);
            foreach (IKernels kernels in RandomShapes.Kernels)
            {
                using var engine = new DecodeEngine(model, WeightFormat.Model, kernels);
                using DecodeSession session = engine.NewSession();
                for (int t = 0; t < ids.Length; t++) AssertClose(expected, t, session.Step(ids[t], network), tolerance);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ABlockOfTokensLeavesWhatStepsLeaveToTheLastBit(int seed)
    {
        ModelConfig config = RandomShapes.Config(seed);
        using var model = new DecoderModel(RandomLlama.Create(config, seed).ToDecoderWeights(config));
        var random = new Random(seed);
        int[] ids = RandomShapes.Ids(config, random, 41);
        SubNetwork network = RandomShapes.Network(config, random);
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Float32, WeightFormat.BFloat16, WeightFormat.Int8])
            {
                using var engine = new DecodeEngine(model, format, kernels);
                using DecodeSession steps = engine.NewSession(), blocks = engine.NewSession();
                foreach (int id in ids) steps.Step(id, network);
                blocks.Prefill(ids.AsSpan(0, 3), network);
                blocks.Prefill(ids.AsSpan(3), network);
                Assert.Equal(steps.Logits.ToArray(), blocks.Logits.ToArray());
                Assert.Equal(steps.Step(1, network).ToArray(), blocks.Step(1, network).ToArray());
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void WidthsMayChangeFromTokenToToken(int seed)
    {
        ModelConfig config = RandomShapes.Config(seed);
        HfWeights weights = RandomLlama.Create(config, seed);
        using var model = new DecoderModel(weights.ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        var oracle = new NaiveDecoder(config, weights);
        var random = new Random(seed);
        foreach (int id in RandomShapes.Ids(config, random, 40))
        {
            SubNetwork network = RandomShapes.Network(config, random);
            double[] expected = oracle.Step(id, [.. network.Blocks.Select(b => new NaiveMask(b.KvGroups, b.Neurons))], network.Width);
            AssertClose(expected, session.Step(id, network));
        }
    }

    [Fact]
    public void AGroupThatComesBackSeesTheTokensThatKeptItAndItself()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights weights = RandomLlama.Create(config, seed: 8);
        using var model = new DecoderModel(weights.ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        SubNetwork narrow = Uniform(config, 1, 20), none = Uniform(config, 0, 20);
        // Nobody but the fifth token keeps any group: it attends to itself alone, which is what a sequence of that token alone would do at position 4.
        foreach (int id in (int[])[3, 1, 4, 1]) session.Step(id, none);
        float[] alone = session.Step(9).ToArray();
        var oracle = new NaiveDecoder(config, weights);
        foreach (int id in (int[])[3, 1, 4, 1]) oracle.Step(id, Masks(none));
        AssertClose(oracle.Step(9, Masks(model.FullNetwork)), alone);
        using DecodeSession single = engine.NewSession();
        // With one entry the softmax is 1 whatever the angle, so position 4 and position 0 agree.
        Assert.Equal(single.Step(9).ToArray(), alone);

        session.Reset();
        foreach (int id in (int[])[3, 1, 4, 1]) session.Step(id, narrow);
        float[] grown = session.Step(9).ToArray();
        session.Reset();
        foreach (int id in (int[])[3, 1, 4, 1]) session.Step(id);
        Assert.NotEqual(session.Step(9).ToArray(), grown);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(12)]
    public void RoutersDecideOnTheWayFromTheHiddenState(int seed)
    {
        ModelConfig config = RandomShapes.Config(seed);
        HfWeights weights = RandomLlama.Create(config, seed);
        using var model = new DecoderModel(weights.ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        var oracle = new NaiveDecoder(config, weights);
        var router = new RecordingRouter(config);
        foreach (int id in RandomShapes.Ids(config, new Random(seed), 30))
        {
            router.Seen.Clear();
            float[] logits = session.Step(id, router).ToArray();
            NaiveMask[] masks = [.. router.Choices.Select(b => new NaiveMask(b.KvGroups, b.Neurons))];
            var hidden = new List<double[]>();
            double[] expected = oracle.Step(id, masks, onPart: (_, _, x) => hidden.Add([.. x]));
            AssertClose(expected, logits);
            Assert.Equal(hidden.Count + 1, router.Seen.Count);
            foreach ((double[] a, float[] b) in hidden.Zip(router.Seen)) Assert.All(a.Zip(b), p => Assert.Equal(p.First, p.Second, 1e-4));
        }
        session.Reset();
        int[] ids = RandomShapes.Ids(config, new Random(seed), 30);
        float[] prefilled = session.Prefill(ids, router).ToArray();
        session.Reset();
        foreach (int id in ids) session.Step(id, router);
        Assert.Equal(session.Logits.ToArray(), prefilled);
    }

    [Fact]
    public void ARouterThatFailsLeavesTheSessionAsItWas()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 4).ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession(), other = engine.NewSession();
        session.Step(3);
        other.Step(3);
        var bad = new RecordingRouter(config) { Impossible = true };
        var e = Assert.Throws<FlextronException>(() => session.Step(4, bad).ToArray());
        Assert.Contains("neurons of block 1", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, session.Length);
        Assert.Equal(other.Step(5).ToArray(), session.Step(5).ToArray());
    }

    [Fact]
    public void WhatWasForgottenLeavesNoTrace()
    {
        ModelConfig config = RandomShapes.Config(5);
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 5).ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession(), fresh = engine.NewSession();
        var random = new Random(5);
        int[] ids = RandomShapes.Ids(config, random, 20);
        SubNetwork[] networks = [.. ids.Select(_ => RandomShapes.Network(config, random))];
        for (int t = 0; t < 20; t++) session.Step(ids[t], networks[t]);
        session.TruncateTo(6);
        for (int t = 0; t < 6; t++) fresh.Step(ids[t], networks[t]);
        for (int t = 6; t < 20; t++) Assert.Equal(fresh.Step(ids[^t], networks[^t]).ToArray(), session.Step(ids[^t], networks[^t]).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => session.TruncateTo(21));
    }

    [Theory]
    [InlineData(320)]
    [InlineData(333)]
    [InlineData(312)]
    public void TheNumberOfThreadsChangesNoBit(int width)
    {
        // Large enough for every part to be shared out, a context beyond one chunk of entries, and more threads than this machine may have.
        ModelConfig config = new()
        {
            Family = "llama", VocabularySize = 3000, HiddenSize = width, BlockCount = 2, HeadCount = 6, KvGroupCount = 3, HeadSize = 48, NeuronCount = 1000, ContextLength = 700,
        };
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 1).ToDecoderWeights(config));
        int[] ids = RandomShapes.Ids(config, new Random(1), 540);
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Float32, WeightFormat.Int8])
        {
            using var engine = new DecodeEngine(model, format);
            using DecodeSession one = engine.NewSession(threads: 1);
            one.Prefill(ids);
            foreach (int threads in (int[])[2, 3])
            {
                using var team = new WorkerTeam(threads);
                using var many = new DecodeSession(engine, config.ContextLength, threads, team);
                Assert.Equal(one.Logits.ToArray(), many.Prefill(ids).ToArray());
                one.TruncateTo(540);
                for (int i = 0; i < 5; i++) Assert.Equal(one.Step(i).ToArray(), many.Step(i).ToArray());
                one.TruncateTo(540);
                many.TruncateTo(540);
                Assert.Equal(one.Step(7, Uniform(config, 2, 999)).ToArray(), many.Step(7, Uniform(config, 2, 999)).ToArray());
                one.TruncateTo(0);
                one.Prefill(ids);
            }
        }
    }

    [Fact]
    public void NothingIsAllocatedPerToken()
    {
        ModelConfig config = RandomLlama.TinyConfig() with { ContextLength = 700 };
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 4).ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        SubNetwork narrow = Uniform(config, 1, 9);
        var router = new HalfRouter();
        int[] block = new int[40];
        long Allocated(Action work)
        {
            work();
            session.Reset();
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, Allocated(() =>
        {
            session.Prefill(block);
            for (int i = 0; i < 300; i++) session.Step(i % config.VocabularySize, i % 2 == 0 ? null : narrow);
            for (int i = 0; i < 300; i++) session.Step(i % config.VocabularySize, router);
        }));
    }

    [Fact]
    public void TheCacheHasRoomForTheGroupsOfTheWidestNetworkAndNoOthers()
    {
        ModelConfig config = RandomLlama.TinyConfig() with { BlockCount = 3, HeadCount = 8, KvGroupCount = 4, ContextLength = 64 };
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 6).ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        SubNetwork widest = new([new BlockShape(1, 20), new BlockShape(0, 7), new BlockShape(3, 20)]), narrower = new([new BlockShape(1, 3), BlockShape.Skipped, new BlockShape(2, 20)]);
        using DecodeSession sized = engine.NewSession(capacity: 64, widest: widest), full = engine.NewSession(capacity: 64);
        // Keys and values of 4 groups over 64 tokens; the whole network has 12.
        Assert.Equal((2L * 4 * 64 * config.HeadSize * sizeof(float), 2L * 12 * 64 * config.HeadSize * sizeof(float)), (sized.CacheBytes, full.CacheBytes));
        foreach (int id in RandomShapes.Ids(config, new Random(1), 50))
        {
            SubNetwork network = id % 3 == 0 ? narrower : widest;
            Assert.Equal(full.Step(id, network).ToArray(), sized.Step(id, network).ToArray());
        }
        Assert.Equal(full.Step(5, widest).ToArray(), sized.Step(5).ToArray());
        Assert.Contains("4 key/value groups of block 0, and the session's cache has room for 1",
            Assert.Throws<FlextronException>(() => sized.Step(1, model.FullNetwork).ToArray()).Message, StringComparison.Ordinal);
        Assert.Contains("block 1: choose 0 to 0", Assert.Throws<FlextronException>(() => sized.Step(1, new HalfRouter()).ToArray()).Message, StringComparison.Ordinal);
        Assert.Equal(51, sized.Length);
    }

    [Fact]
    public void MistakesAreNamed()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 4).ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession(capacity: 3);
        Assert.Contains("id 23 is outside", Assert.Throws<FlextronException>(() => session.Step(23).ToArray()).Message, StringComparison.Ordinal);
        Assert.Contains("keeps 3 key/value groups", Assert.Throws<FlextronException>(() => session.Step(1, Uniform(config, 3, 5)).ToArray()).Message, StringComparison.Ordinal);
        Assert.Contains("at least one", Assert.Throws<FlextronException>(() => session.Prefill([]).ToArray()).Message, StringComparison.Ordinal);
        session.Prefill([1, 2, 3]);
        Assert.Contains("4 tokens do not fit", Assert.Throws<FlextronException>(() => session.Step(1).ToArray()).Message, StringComparison.Ordinal);
        engine.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Step(1).ToArray());
    }

    [Theory]
    [InlineData("embedded")]
    [InlineData("models/stories260k/stories260K.bin")]
    [InlineData("models/story656k-hf")]
    public void RealModelsKeepTheirLogits(string name)
    {
        using var model = new DecoderModel(CheckpointLoader.Load(name == "embedded" ? EmbeddedData.BaseModel : TestData.Shared(name)).Weights);
        ModelConfig config = model.Config;
        int[] ids = RandomShapes.Ids(config, new Random(3), Math.Min(200, config.ContextLength));
        SubNetwork[] networks = [model.FullNetwork, Uniform(config, Math.Max(1, config.KvGroupCount / 2), config.NeuronCount / 2), Uniform(config, 1, config.NeuronCount / 8)];
        foreach (SubNetwork network in networks)
        {
            float[,] expected = TorchLogits(model, ids, network);
            using var engine = new DecodeEngine(model);
            using DecodeSession session = engine.NewSession();
            for (int t = 0; t < ids.Length; t++) AssertClose(expected, t, session.Step(ids[t], network), 1e-4);
        }
    }

    internal static float[,] TorchLogits(DecoderModel model, int[] ids, SubNetwork network)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor logits_TV = model.Forward(tensor(ids.Select(i => (long)i).ToArray()).unsqueeze(0), network)[0].to(ScalarType.Float32);
        float[] flat = logits_TV.contiguous().data<float>().ToArray();
        var result = new float[ids.Length, model.Config.VocabularySize];
        Buffer.BlockCopy(flat, 0, result, 0, flat.Length * sizeof(float));
        return result;
    }

    internal static SubNetwork Uniform(ModelConfig config, int groups, int neurons) => new(Enumerable.Repeat(new BlockShape(groups, neurons), config.BlockCount));

    private static double Error(float[,] logits_TV, ModelConfig config, HfWeights weights, int[] ids, SubNetwork network)
    {
        var oracle = new NaiveDecoder(config, weights);
        return ids.Select((id, t) => oracle.Step(id, Masks(network), network.Width).Select((l, v) => Math.Abs(l - logits_TV[t, v])).Max()).Max();
    }

    private static NaiveMask[] Masks(SubNetwork network) => [.. network.Blocks.Select(b => new NaiveMask(b.KvGroups, b.Neurons))];

    private static void AssertClose(float[,] expected, int row, ReadOnlySpan<float> actual, double tolerance)
    {
        for (int v = 0; v < actual.Length; v++)
            if (!(Math.Abs(expected[row, v] - actual[v]) <= tolerance)) Assert.Fail($"token {row}, logit {v}: {actual[v]} instead of {expected[row, v]}");
    }

    private static void AssertClose(double[] expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int v = 0; v < actual.Length; v++)
            if (!(Math.Abs(expected[v] - actual[v]) <= 1e-4)) Assert.Fail($"logit {v}: {actual[v]} instead of {expected[v]}");
    }

    // Widths that depend on the hidden state, so that a wrong or stale state chooses differently.
    private sealed class RecordingRouter(ModelConfig config) : IStepRouter
    {
        public List<float[]> Seen { get; } = [];

        public BlockShape[] Choices { get; } = new BlockShape[config.BlockCount];

        public bool Impossible { get; init; }

        public int KvGroups(int block, ReadOnlySpan<float> hidden_C)
        {
            Seen.Add(hidden_C.ToArray());
            Choices[block] = new BlockShape((int)(Hash(hidden_C) % (uint)(config.KvGroupCount + 1)), 0);
            return Choices[block].KvGroups;
        }

        public int Neurons(int block, ReadOnlySpan<float> hidden_C)
        {
            Seen.Add(hidden_C.ToArray());
            if (Impossible && block == 1) return config.NeuronCount + 1;
            Choices[block] = Choices[block] with { Neurons = (int)(Hash(hidden_C) % (uint)(config.NeuronCount + 1)) };
            return Choices[block].Neurons;
        }

        public void Finish(ReadOnlySpan<float> hidden_C) => Seen.Add(hidden_C.ToArray());

        private static uint Hash(ReadOnlySpan<float> hidden_C) => (uint)(Math.Abs(hidden_C[0]) * 1000);
    }

    private sealed class HalfRouter : IStepRouter
    {
        public int KvGroups(int block, ReadOnlySpan<float> hidden_C) => 1;

        public int Neurons(int block, ReadOnlySpan<float> hidden_C) => 10;
    }
}
