using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;
using Flextron.Tests.Families;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Inference.Decoding;

/// <summary>Several sequences at once against sessions of their own, which are themselves checked against libtorch and a naive decoder: to the last bit.</summary>
public sealed class DecodeBatchTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 16)];

    public static TheoryData<string> Names => FamilyFixture.Names;

    [Theory]
    [MemberData(nameof(Seeds))]
    public void SequencesOfUnequalLengthsAndWidthsAreThoseOfSessionsOfTheirOwn(int seed)
    {
        ModelConfig config = RandomShapes.Config(seed);
        using var model = new DecoderModel(RandomLlama.Create(config, seed).ToDecoderWeights(config));
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Float32, WeightFormat.BFloat16, WeightFormat.Int8])
            {
                using var engine = new DecodeEngine(model, format, kernels);
                using DecodeBatch batch = engine.NewBatch(11);
                Follow(batch, engine, new Random(seed), routed: false);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(17)]
    [InlineData(20)]
    [InlineData(24)]
    [InlineData(40)]
    [InlineData(172)]
    public void SequencesAreThoseOfSessionsOfTheirOwnAtEveryWidth(int width)
    {
        // A width that fills its last vector in part; more sequences than the kernels for few tokens take.
        ModelConfig config = RandomShapes.Config(width) with { HiddenSize = width, NeuronCount = width };
        using var model = new DecoderModel(RandomLlama.Create(config, width).ToDecoderWeights(config));
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Float32, WeightFormat.BFloat16, WeightFormat.Int8])
            {
                using var engine = new DecodeEngine(model, format, kernels);
                using DecodeBatch batch = engine.NewBatch(14);
                Follow(batch, engine, new Random(width), routed: false);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryArchitectureDecodesInBatches(string name)
    {
        using DecoderModel model = FamilyFixture.Load(name);
        foreach (bool routed in (bool[])[false, true])
        {
            using var engine = new DecodeEngine(model);
            using DecodeBatch batch = engine.NewBatch(5);
            Follow(batch, engine, new Random(3), routed);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(9)]
    [InlineData(14)]
    public void RoutedTokensShareTheWeightsThatTheyKeep(int seed)
    {
        ModelConfig config = RandomShapes.Config(seed);
        using var model = new DecoderModel(RandomLlama.Create(config, seed).ToDecoderWeights(config));
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Float32, WeightFormat.Int8])
        {
            using var engine = new DecodeEngine(model, format);
            using DecodeBatch batch = engine.NewBatch(13);
            Follow(batch, engine, new Random(seed), routed: true);
        }
    }

    [Fact]
    public void TheNumberOfThreadsChangesNoBit()
    {
        ModelConfig config = Large();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 1).ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        foreach (int threads in (int[])[2, 3])
        {
            using var team = new WorkerTeam(threads);
            using var batch = new DecodeBatch(engine, 10, 600, threads, team);
            // A long past in one of them, so that its chunks are many and the others' few.
            int[] ids = RandomShapes.Ids(config, new Random(2), 540);
            using DecodeSession alone = engine.NewSession(600, threads: 1);
            alone.Prefill(ids);
            Assert.Equal(alone.Logits.ToArray(), batch.Prefill(0, ids).ToArray());
            Follow(batch, engine, new Random(4), routed: true, taken: (0, alone));
        }
    }

    [Fact]
    public void AMixOfRoutersAndNetworksOfOneResidualWidth()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 4).ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeBatch batch = engine.NewBatch(4);
        using DecodeSession routed = engine.NewSession(), sliced = engine.NewSession(), none = engine.NewSession();
        SubNetwork narrow = DecodeSessionTests.Uniform(config, 1, 7), skipped = DecodeSessionTests.Uniform(config, 0, 0);
        for (int t = 0; t < 12; t++)
        {
            batch.Step([new(2, t, narrow), new(0, t + 1, Router: new StateRouter(config)), new(3, 5, skipped)]);
            Assert.Equal(sliced.Step(t, narrow).ToArray(), batch.Logits(0).ToArray());
            Assert.Equal(routed.Step(t + 1, new StateRouter(config)).ToArray(), batch.Logits(1).ToArray());
            Assert.Equal(none.Step(5, skipped).ToArray(), batch.Logits(2).ToArray());
        }
        Assert.Equal((12, 0, 12, 12), (batch.Length(0), batch.Length(1), batch.Length(2), batch.Length(3)));
    }

    [Fact]
    public void NothingIsAllocatedPerToken()
    {
        ModelConfig config = RandomLlama.TinyConfig() with { ContextLength = 700 };
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 4).ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeBatch batch = engine.NewBatch(12);
        // A network for each sequence, written as no check leaves it.
        SubNetwork[] own = [.. Enumerable.Range(0, 12).Select(i => new SubNetwork(DecodeSessionTests.Uniform(config, 1, 9 + i % 4).Blocks, config.HiddenSize))];
        IStepRouter[] routers = [.. Enumerable.Range(0, 12).Select(i => new FixedRouter(i % 3, 20 - i))];
        int[] prompt = new int[30];
        var step = new BatchToken[12];
        void Work()
        {
            for (int s = 0; s < 12; s++) batch.Prefill(s, prompt);
            for (int i = 0; i < 200; i++)
            {
                for (int s = 0; s < 12; s++) step[s] = new BatchToken(s, (i + s) % config.VocabularySize, i % 4 == 1 ? own[s] : null, i % 2 == 0 ? routers[s] : null);
                batch.Step(step.AsSpan(0, 1 + i % 12));
            }
            for (int s = 0; s < 12; s++) batch.Reset(s);
        }

        Work();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Work();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void AFailedStepLeavesEverySequenceAsItWas()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using var model = new DecoderModel(RandomLlama.Create(config, seed: 4).ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeBatch batch = engine.NewBatch(2, capacity: 3, widest: DecodeSessionTests.Uniform(config, 1, 20));
        using DecodeSession alone = engine.NewSession(widest: DecodeSessionTests.Uniform(config, 1, 20));
        batch.Step([new(0, 3), new(1, 4)]);
        alone.Step(3);
        void Refused(string part, params BatchToken[] tokens) =>
            Assert.Contains(part, Assert.Throws<FlextronException>(() => batch.Step(tokens)).Message, StringComparison.Ordinal);
        Refused("2 key/value groups of block 0: choose 0 to 1", new(1, 5), new BatchToken(0, 4, Router: new FixedRouter(2, 3)));
        Refused("at least one");
        Refused("Sequence 1 has two tokens", new(1, 5), new BatchToken(1, 6));
        Refused("no sequence 2", new BatchToken(2, 6));
        Refused("no sequence -1", new BatchToken(-1, 6));
        Refused("id 23 is outside", new(1, 5), new BatchToken(0, 23));
        Refused("room for 1", new BatchToken(0, 4, model.FullNetwork));
        Refused("channels: step them apart", new(0, 4), new BatchToken(1, 4, new SubNetwork([new(1, 4), new(1, 4)], 5)));
        Assert.Equal((1, 1), (batch.Length(0), batch.Length(1)));
        batch.Step([new(0, 5)]);
        Assert.Equal(alone.Step(5).ToArray(), batch.Logits(0).ToArray());
        batch.Step([new(0, 6)]);
        Refused("Sequence 0 holds 3 tokens", new BatchToken(0, 6));
        Assert.Contains("4 tokens do not fit", Assert.Throws<FlextronException>(() => batch.Prefill(1, [1, 2, 3]).ToArray()).Message, StringComparison.Ordinal);
        Assert.Contains("batch of 0", Assert.Throws<FlextronException>(() => engine.NewBatch(0)).Message, StringComparison.Ordinal);
        Assert.Contains("no sequence 2", Assert.Throws<FlextronException>(() => batch.Length(2)).Message, StringComparison.Ordinal);
        Assert.Contains("no sequence -1", Assert.Throws<FlextronException>(() => batch.Reset(-1)).Message, StringComparison.Ordinal);
        engine.Dispose();
        Assert.Throws<ObjectDisposedException>(() => batch.Step([new(1, 1)]));
        // Logits lie in memory that goes with the batch or session.
        batch.Dispose();
        alone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => batch.Logits(0).ToArray());
        Assert.Throws<ObjectDisposedException>(() => alone.Logits.ToArray());
    }

    // Prompts of unequal lengths, then steps of changing sets of sequences in changing order, with sequences that end and begin anew in between.
    private static void Follow(DecodeBatch batch, DecodeEngine engine, Random random, bool routed, (int Sequence, DecodeSession Session)? taken = null)
    {
        ModelConfig config = engine.Config;
        var alone = Enumerable.Range(0, batch.Count).Select(s => taken?.Sequence == s ? taken.Value.Session : engine.NewSession(batch.Capacity, threads: 1)).ToArray();
        try
        {
            int? width = routed || random.Next(2) == 0 ? null : random.Next(1, config.HiddenSize + 1);
            SubNetwork[] networks = [.. Enumerable.Range(0, 3).Select(_ => new SubNetwork(RandomShapes.Network(config, random).Blocks, width))];
            void Prompt(int s)
            {
                int[] ids = RandomShapes.Ids(config, random, random.Next(1, Math.Min(20, batch.Capacity / 2)));
                SubNetwork network = networks[random.Next(3)];
                float[] expected = alone[s].Prefill(ids, network).ToArray();
                Assert.Equal(expected, batch.Prefill(s, ids, network).ToArray());
            }

            for (int s = 0; s < batch.Count; s += 2)
                if (s != taken?.Sequence) Prompt(s);
            for (int i = 0; i < 14; i++)
            {
                int[] chosen = [.. Enumerable.Range(0, batch.Count).Where(s => batch.Length(s) < batch.Capacity).OrderBy(_ => random.Next())];
                BatchToken[] step = [.. chosen.Take(random.Next(1, chosen.Length + 1)).Select(s =>
                    new BatchToken(s, random.Next(config.VocabularySize), routed ? null : networks[random.Next(3)], routed ? new StateRouter(config) : null))];
                batch.Step(step);
                for (int t = 0; t < step.Length; t++)
                {
                    DecodeSession session = alone[step[t].Sequence];
                    float[] expected = (routed ? session.Step(step[t].Token, new StateRouter(config)) : session.Step(step[t].Token, step[t].Network)).ToArray();
                    Assert.Equal(expected, batch.Logits(t).ToArray());
                    Assert.Equal(session.Length, batch.Length(step[t].Sequence));
                }
                if (i % 4 == 3)
                {
                    int ended = random.Next(batch.Count);
                    batch.Reset(ended);
                    alone[ended].Reset();
                    Prompt(ended);
                }
            }
        }
        finally
        {
            foreach (DecodeSession session in alone)
                if (session != taken?.Session) session.Dispose();
        }
    }

    private static ModelConfig Large() => new()
    {
        Family = "llama", VocabularySize = 3000, HiddenSize = 320, BlockCount = 2, HeadCount = 6, KvGroupCount = 3, HeadSize = 48, NeuronCount = 1000, ContextLength = 700,
    };

    // Widths that depend on the hidden state, so that a wrong or stale state chooses differently.
    private sealed class StateRouter(ModelConfig config) : IStepRouter
    {
        public int KvGroups(int block, ReadOnlySpan<float> hidden_C) => (int)(Hash(hidden_C) % (uint)(config.KvGroupCount + 1));

        public int Neurons(int block, ReadOnlySpan<float> hidden_C) => (int)(Hash(hidden_C) % (uint)(config.NeuronCount + 1));

        private static uint Hash(ReadOnlySpan<float> hidden_C) => (uint)(Math.Abs(hidden_C[0]) * 1000);
    }

    private sealed class FixedRouter(int groups, int neurons) : IStepRouter
    {
        public int KvGroups(int block, ReadOnlySpan<float> hidden_C) => groups;

        public int Neurons(int block, ReadOnlySpan<float> hidden_C) => neurons;
    }
}
