using Flextron.Checkpoints;
using Flextron.Inference;
using Flextron.Inference.Decoding;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Tests.MixtureOfDepths;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;
using static Flextron.Tests.MixtureOfDepths.TinyMixture;

namespace Flextron.Tests.Inference;

/// <summary>Mixture-of-Depths on the decode engine.</summary>
public sealed class MixtureDecodingTests
{
    private static readonly SubNetwork[] Slices = [new([new(2, 20), new(2, 20), new(2, 20), new(2, 20)]), new([new(1, 9), new(2, 5), new(0, 20), new(1, 0)]), new([new(2, 20), new(1, 12), new(1, 7), default])];

    [Theory]
    [InlineData(RouterGate.Linear, CausalSampler.Auxiliary)]
    [InlineData(RouterGate.OnePlus, CausalSampler.Auxiliary)]
    [InlineData(RouterGate.Linear, CausalSampler.Predictor)]
    [InlineData(RouterGate.OnePlus, CausalSampler.Predictor)]
    public void TheEngineComputesWhatLibtorchDoesAndHoldsOnlyTokensThatPassed(RouterGate gate, CausalSampler sampler)
    {
        using MixtureModel mixture = Lively(Settings with { Gate = gate, Sampler = sampler });
        using var engine = new DecodeEngine(mixture.Model);
        using var noGrad = no_grad();
        foreach (SubNetwork network in Slices)
        {
            using var router = new MixtureStepRouter(mixture, network);
            for (int b = 0; b < Batch; b++)
            {
                using var scope = NewDisposeScope();
                using DecodeSession session = engine.NewSession(Time, widest: network);
                using MixtureCache cache = mixture.NewCache(1, Time, network);
                for (int t = 0; t < Time; t++)
                {
                    float[] expected = mixture.ForwardLast(tensor([Rows[b][t]]).unsqueeze(0), new CausalTokens(), network, cache).data<float>().ToArray();
                    Close(expected, session.Step((int)Rows[b][t], router));
                }
                Assert.Equal(cache.HeldBytes, session.HeldBytes);
                Assert.InRange(mixture.RoutedBlocks.Sum(i => cache.HeldTokens(i)[0]), 1, mixture.RoutedBlocks.Count * Time - 1);
            }
        }
    }

    [Fact]
    public void TheEngineComputesTheDenseMaskedDefinition()
    {
        using MixtureModel mixture = Lively(Settings with { Sampler = CausalSampler.Auxiliary });
        using var engine = new DecodeEngine(mixture.Model);
        using var router = new MixtureStepRouter(mixture, mixture.Model.FullNetwork);
        using DecodeSession session = engine.NewSession(Time);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        int passed = 0;
        Tensor logits_TV = new MaskedMixture(Config, mixture.Model.Weights, mixture.Routers).Logits(Rows[1], (_, logits) =>
        {
            passed += logits.Count(r => r > 0);
            return [.. logits.Select(r => r > 0)];
        });
        Assert.InRange(passed, 3, 2 * Time - 3);
        for (int t = 0; t < Time; t++) Close([.. logits_TV[t].data<double>().ToArray().Select(l => (float)l)], session.Step((int)Rows[1][t], router));

        // A prompt in one go, and again after forgetting half of it, is the same to the last bit.
        float[] last = session.Logits.ToArray();
        long held = session.HeldBytes;
        session.TruncateTo(5);
        Assert.Equal(last, session.Prefill([.. Rows[1].Skip(5).Select(i => (int)i)], router).ToArray());
        session.Reset();
        Assert.Equal(last, session.Prefill([.. Rows[1].Select(i => (int)i)], router).ToArray());
        Assert.Equal(held, session.HeldBytes);
    }

    [Fact]
    public void OneThreadAndManyComputeTheSameBits()
    {
        ModelConfig config = Config with { HiddenSize = 320, HeadSize = 80, NeuronCount = 900, ContextLength = 32 };
        using var mixture = new MixtureModel(
            new DecoderModel(RandomLlama.Create(config, 2).ToDecoderWeights(config)), DepthRouters.Fresh(config, Settings with { Sampler = CausalSampler.Auxiliary, Every = 1 }, 2));
        using var engine = new DecodeEngine(mixture.Model);
        float[][] Logits(int threads)
        {
            using var router = new MixtureStepRouter(mixture, mixture.Model.FullNetwork);
            using DecodeSession session = engine.NewSession(32, threads);
            return [.. Enumerable.Range(0, 32).Select(t => session.Step(t * 7 % config.VocabularySize, router).ToArray())];
        }

        float[][] alone = Logits(1);
        Assert.All(alone, l => Assert.All(l, v => Assert.True(float.IsFinite(v))));
        for (int i = 0; i < 5; i++) Assert.Equal(alone, Logits(4));
    }

    [Fact]
    public void SequencesDecodedTogetherAreThoseDecodedAlone()
    {
        using MixtureModel mixture = Lively(Settings);
        using var engine = new DecodeEngine(mixture.Model);
        using DecodeBatch batch = engine.NewBatch(3);
        DecodeSession[] alone = [.. Enumerable.Range(0, 3).Select(_ => engine.NewSession(Time))];
        SubNetwork network = mixture.Model.FullNetwork;
        // The second is read as a dense model, so that one pass has tokens with and without weights.
        MixtureStepRouter?[] together = [new(mixture, network), null, new(mixture, network)], apart = [new(mixture, network), null, new(mixture, network)];
        for (int t = 0; t < Time; t++)
        {
            batch.Step([.. Enumerable.Range(0, 3).Select(b => new BatchToken(b, (int)Rows[b][t], together[b] is null ? network : null, together[b]))]);
            for (int b = 0; b < 3; b++)
                Assert.Equal((apart[b] is { } router ? alone[b].Step((int)Rows[b][t], router) : alone[b].Step((int)Rows[b][t])).ToArray(), batch.Logits(b).ToArray());
        }
        foreach (IDisposable? item in together.Concat(apart).Cast<IDisposable?>().Concat(alone)) item?.Dispose();
    }

    [Fact]
    public void ANarrowerResidualStreamIsLeftToLibtorch()
    {
        using MixtureModel mixture = Lively(Settings);
        SubNetwork narrow = new(mixture.Model.FullNetwork.Blocks, 8);
        Assert.False(MixtureStepRouter.Serves(mixture, narrow));
        Assert.Contains("full width", Assert.Throws<FlextronException>(() => new MixtureStepRouter(mixture, narrow)).Message, StringComparison.Ordinal);
        Assert.True(MixtureStepRouter.Serves(mixture, mixture.Model.FullNetwork));
    }

    [Fact]
    public void ASliceOfItsOwnComputesWhatTheSliceDoes()
    {
        using MixtureModel mixture = Lively(Settings);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (SubNetwork network in (SubNetwork[])[new(Enumerable.Repeat(new BlockShape(1, 9), 4)), new(Enumerable.Repeat(new BlockShape(2, 7), 4), 8)])
        {
            using MixtureModel slice = StandaloneSlice.Cut(mixture, network);
            Assert.Equal((network.Width ?? 16, 4), (slice.Model.Config.HiddenSize, slice.Model.Config.BlockCount));
            foreach (ITokenSelector selector in (ITokenSelector[])[TopTokens.ByRouter(Settings), new CausalTokens()])
                Close(mixture.Forward(Ids(), selector, network).data<float>().ToArray(), slice.Forward(Ids(), selector).data<float>().ToArray());
        }
        Assert.Contains("keep every block", Assert.Throws<FlextronException>(() => StandaloneSlice.Cut(mixture, new SubNetwork([new(2, 20), default, new(2, 20), new(2, 20)]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ScoringIsThatOfTheForwardPass()
    {
        using MixtureModel mixture = Lively(Settings);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        int[] ids = [.. Rows[2].Select(i => (int)i)];
        double[] Of(ITokenSelector selector) => TextScorer.LogProbabilities(mixture, ids, selector);
        foreach (ITokenSelector selector in (ITokenSelector[])[TopTokens.ByRouter(Settings), new CausalTokens()])
        {
            Tensor logProbabilities_TV = nn.functional.log_softmax(mixture.Forward(Ids().narrow(0, 2, 1).narrow(1, 0, Time - 1), selector)[0], 1);
            Close([.. Enumerable.Range(1, Time - 1).Select(t => logProbabilities_TV[t - 1, ids[t]].item<float>())], [.. Of(selector).Select(l => (float)l)]);
        }
        // What the sampler does with the beginning does not depend on the end; the top k of a text does.
        double[] whole = Of(new CausalTokens()), half = TextScorer.LogProbabilities(mixture, ids.AsSpan(0, 7), new CausalTokens());
        for (int i = 0; i < half.Length; i++) Assert.Equal(half[i], whole[i], 1e-5);
    }

    // Predictors begin at the capacity's odds and let nothing pass; these let some.
    private static MixtureModel Lively(MixtureSettings settings)
    {
        MixtureModel mixture = Create(settings);
        using var noGrad = no_grad();
        var random = new Random(7);
        foreach (DepthRouter router in mixture.Routers.Each)
        {
            using Tensor output_P = tensor(Enumerable.Range(0, settings.PredictorNeurons).Select(_ => (float)(4 * random.NextDouble() - 2)).ToArray());
            using Tensor bias_P = tensor(Enumerable.Range(0, settings.PredictorNeurons).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray());
            router.Output_P.copy_(output_P);
            router.HiddenBias_P.copy_(bias_P);
            router.OutputBias_1.fill_(0.1f);
        }
        return mixture;
    }

    private static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < actual.Length; i++)
            if (!(Math.Abs(expected[i] - actual[i]) <= 1e-4)) Assert.Fail($"value {i}: {actual[i]} instead of {expected[i]}");
    }
}
