using Flextron.MixtureOfDepths;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;
using static Flextron.Tests.MixtureOfDepths.TinyMixture;

namespace Flextron.Tests.MixtureOfDepths;

public sealed class MixtureModelTests
{
    [Theory]
    [InlineData(0.25, 2, RouterGate.Linear)]
    [InlineData(0.5, 1, RouterGate.OnePlus)]
    [InlineData(0.01, 3, RouterGate.Linear)]
    [InlineData(1.0, 2, RouterGate.Linear)]
    public void GatherAndScatterEqualTheDenseMaskedDefinition(double capacity, int every, RouterGate gate)
    {
        MixtureSettings settings = Settings with { Capacity = capacity, Every = every, Gate = gate };
        using MixtureModel mixture = Create(settings);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        SubNetwork[] networks = [mixture.Model.FullNetwork, new([new(1, 9), new(2, 5), new(0, 20), new(1, 0)]), new([new(2, 20), default, new(1, 7), new(0, 3)])];
        foreach (SubNetwork network in networks)
        {
            Tensor logits_BTV = mixture.Forward(Ids(), TopTokens.ByRouter(settings), network);
            var reference = new MaskedMixture(Config, mixture.Model.Weights, mixture.Routers);
            for (int b = 0; b < Batch; b++) Close(reference.Logits(Rows[b], (_, logits) => Top(logits, settings.Tokens(Time)), network), logits_BTV[b]);
        }
    }

    [Fact]
    public void AnyDecisionsEqualTheDenseMaskedDefinition()
    {
        using MixtureModel mixture = Create();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var random = new Random(5);
        for (int i = 0; i < 10; i++)
        {
            Dictionary<int, bool[][]> decisions = Decisions(mixture, random);
            Tensor logits_BTV = mixture.Forward(Ids(), new GivenTokens(decisions));
            var reference = new MaskedMixture(Config, mixture.Model.Weights, mixture.Routers);
            for (int b = 0; b < Batch; b++) Close(reference.Logits(Rows[b], (block, _) => decisions[block][b]), logits_BTV[b]);
        }
    }

    [Fact]
    public void PositionsAreThoseOfTheTextNotOfThePackedTokens()
    {
        using MixtureModel mixture = Create();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor logits_TV = mixture.Forward(Ids(), TopTokens.ByRouter(Settings))[0].to(ScalarType.Float64);
        bool[] Selected(int block, double[] logits) => Top(logits, Settings.Tokens(Time));
        Tensor right_TV = new MaskedMixture(Config, mixture.Model.Weights, mixture.Routers).Logits(Rows[0], Selected);
        Tensor packed_TV = new MaskedMixture(Config, mixture.Model.Weights, mixture.Routers) { CompactPositions = true }.Logits(Rows[0], Selected);
        Close(right_TV, logits_TV);
        Assert.True((packed_TV - logits_TV).abs().max().item<double>() > 1e-2, "the defect would not be seen");
    }

    [Fact]
    public void WholeCapacityAndUnitWeightIsTheDenseModel()
    {
        using MixtureModel mixture = Create(Settings with { Capacity = 1, Gate = RouterGate.OnePlus, InitialScale = 0, Every = 1 });
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Close(mixture.Model.Forward(Ids()), mixture.Forward(Ids(), TopTokens.ByRouter(mixture.Settings)));
    }

    [Fact]
    public void AWeightOfZeroLeavesTheResidualAsItWas()
    {
        // A port that puts the residual inside the weighted block would lose it here, and one that adds it twice would double it.
        using MixtureModel mixture = Create(Settings with { InitialScale = 0, Capacity = 0.5 });
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        BlockShape whole = mixture.Model.FullNetwork.Blocks[0];
        Tensor skipped_BTV = mixture.Model.Forward(Ids(), new SubNetwork([whole, default, whole, default]));
        Close(skipped_BTV, mixture.Forward(Ids(), TopTokens.ByRouter(mixture.Settings)));
    }

    [Fact]
    public void EveryRoutedBlockHasARouterOfItsOwn()
    {
        using MixtureModel mixture = Create(Settings with { Every = 1 });
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Assert.Equal(4, mixture.Routers.Each.Select(r => r.Weight_C.data<float>()[0]).Distinct().Count());
        float[][] Logits()
        {
            var readings = new List<RouterReading>();
            mixture.Forward(Ids(), new GivenTokens(mixture.RoutedBlocks.ToDictionary(i => i, _ => Rows.Select(_ => new bool[Time]).ToArray())), readings: readings);
            return [.. readings.Select(r => r.Logits_BT.data<float>().ToArray())];
        }

        float[][] before = Logits();
        mixture.Routers.Each[2].Weight_C.neg_();
        float[][] after = Logits();
        Assert.Equal(before[0], after[0]);
        Assert.Equal(before[1], after[1]);
        Assert.Equal(before[2].Select(v => -v), after[2]);
        Assert.Equal(before[3], after[3]);
    }

    [Theory]
    [InlineData(0.125, 12, 2)]
    [InlineData(0.25, 12, 3)]
    [InlineData(0.3, 10, 3)]
    [InlineData(0.001, 12, 1)]
    [InlineData(1, 12, 12)]
    public void ExactlyKTokensOfEverySequenceAreComputed(double capacity, int time, int k)
    {
        MixtureSettings settings = Settings with { Capacity = capacity };
        Assert.Equal(k, settings.Tokens(time));
        using MixtureModel mixture = Create(settings);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var rows = new RowCount();
        mixture.Forward(Ids().narrow(1, 0, time), TopTokens.ByRouter(settings), observer: rows);
        // Two norms a block, one in front of each part.
        Assert.Equal([2L * Batch * time, 2L * Batch * k, 2L * Batch * time, 2L * Batch * k], rows.Normed);
    }

    [Fact]
    public void OfEqualScoresTheEarlierTokensPass()
    {
        using MixtureModel mixture = Create(Settings with { InitialScale = 0 });
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var readings = new List<RouterReading>();
        mixture.Forward(Ids(), TopTokens.ByRouter(mixture.Settings), readings: readings);
        Assert.All(readings, r => Assert.Equal(Enumerable.Range(0, Batch * Time).Select(at => at % Time < 3), r.Selected));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 1)]
    [InlineData(4, 3)]
    public void CachedDecodingEqualsOnePassUnderTheSameDecisions(int prompt, int step)
    {
        using MixtureModel mixture = Create();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var random = new Random(3);
        for (int i = 0; i < 8; i++)
        {
            Dictionary<int, bool[][]> decisions = Decisions(mixture, random);
            Tensor whole_BTV = mixture.Forward(Ids(), new GivenTokens(decisions));
            using MixtureCache cache = mixture.NewCache(Batch, Time);
            for (int start = 0; start < Time;)
            {
                int count = Math.Min(start == 0 ? prompt : step, Time - start);
                Close(whole_BTV.narrow(1, start, count), mixture.Forward(Ids().narrow(1, start, count), new GivenTokens(decisions), cache: cache));
                start += count;
            }
            // A routed block holds the tokens that passed it and no others.
            foreach (int block in mixture.RoutedBlocks) Assert.Equal(decisions[block].Select(r => r.Count(p => p)), cache.HeldTokens(block));
            long held = 2L * Batch * Time + decisions.Values.Sum(d => d.Sum(r => r.Count(p => p)));
            Assert.Equal(held * 2 * Config.KvGroupCount * Config.HeadSize * sizeof(float), cache.HeldBytes);
        }
    }

    [Fact]
    public void ADecodeStepDoesNotRunBlocksThatNoTokenPasses()
    {
        using MixtureModel mixture = Create();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        bool[][] none = [.. Rows.Select(_ => new bool[Time])], second = [.. Rows.Select((_, b) => Enumerable.Repeat(b == 1, Time).ToArray())];
        using MixtureCache cache = mixture.NewCache(Batch, Time);
        var selector = new GivenTokens(new Dictionary<int, bool[][]> { [1] = none, [3] = second });
        mixture.Forward(Ids().narrow(1, 0, 3), selector, cache: cache);
        var rows = new RowCount();
        mixture.Forward(Ids().narrow(1, 3, 1), selector, cache: cache, observer: rows);
        Assert.Equal([2L * Batch, 0, 2L * Batch, 2], rows.Normed);
        Assert.Equal([0, 4, 0], cache.HeldTokens(3));
    }

    [Theory]
    [InlineData(CausalSampler.Predictor)]
    [InlineData(CausalSampler.Auxiliary)]
    public void TheCausalSamplerDecodesAsItReads(CausalSampler sampler)
    {
        using MixtureModel mixture = Create(Settings with { Sampler = sampler });
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // Predictors begin at the capacity's odds; lifted, some tokens pass.
        foreach (DepthRouter router in mixture.Routers.Each)
        {
            router.Output_P.fill_(2);
            router.OutputBias_1.zero_();
        }
        var readings = new List<RouterReading>();
        Tensor whole_BTV = mixture.Forward(Ids(), new CausalTokens(), readings: readings);
        Assert.All(readings, r => Assert.InRange(r.Selected.Count(s => s), 1, Batch * Time - 1));
        Close(whole_BTV.narrow(1, 0, 7), mixture.Forward(Ids().narrow(1, 0, 7), new CausalTokens()));
        using MixtureCache cache = mixture.NewCache(Batch, Time);
        for (int t = 0; t < Time; t++) Close(whole_BTV.select(1, t), mixture.ForwardLast(Ids().narrow(1, t, 1), new CausalTokens(), cache: cache));
    }

    [Fact]
    public void WhatLooksAheadIsRefusedWithACache()
    {
        using MixtureModel mixture = Create();
        using MixtureCache cache = mixture.NewCache(Batch, Time);
        using Tensor ids_BT = Ids();
        Assert.Contains("looks ahead", Assert.Throws<FlextronException>(() => mixture.Forward(ids_BT, TopTokens.ByRouter(Settings), cache: cache)).Message, StringComparison.Ordinal);
        Assert.Contains("36 tokens", Assert.Throws<FlextronException>(() =>
        {
            using Tensor three = cat([ids_BT, ids_BT, ids_BT], 1);
            mixture.Forward(three, new CausalTokens());
        }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RandomRoutingDrawsKAnewAndRepeatsWithItsSeed()
    {
        using MixtureModel mixture = Create();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        bool[][] Draws(long seed)
        {
            var readings = new List<RouterReading>();
            var selector = TopTokens.AtRandom(Settings, seed);
            mixture.Forward(Ids(), selector, readings: readings);
            mixture.Forward(Ids(), selector, readings: readings);
            return [.. readings.Select(r => r.Selected)];
        }

        bool[][] first = Draws(1);
        Assert.All(first, s => Assert.All(s.Chunk(Time), row => Assert.Equal(3, row.Count(p => p))));
        Assert.Equal(4, first.Select(s => string.Concat(s)).Distinct().Count());
        Assert.Equal(first, Draws(1));
        Assert.NotEqual(first, Draws(2));
    }

    [Fact]
    public void SavedAndLoadedItIsTheSame()
    {
        using TemporaryFolder folder = TestData.Temporary();
        MixtureSettings settings = Settings with { Gate = RouterGate.OnePlus, Sampler = CausalSampler.Auxiliary, Capacity = 0.3 };
        using MixtureModel mixture = Create(settings);
        mixture.Save(folder["mixture"]);
        Assert.True(MixtureModel.IsAt(folder["mixture"]));
        using MixtureModel loaded = MixtureModel.Load(folder["mixture"]);
        Assert.Equal(settings, loaded.Settings);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Assert.Equal(
            mixture.Forward(Ids(), new CausalTokens()).data<float>().ToArray(), loaded.Forward(Ids(), new CausalTokens()).data<float>().ToArray());

        File.WriteAllText(Path.Combine(folder["mixture"], MixtureModel.SettingsName), "{\"capacity\":0.3,\"every\":1}");
        Assert.Contains("blocks.0.weight", Assert.Throws<FlextronException>(() => MixtureModel.Load(folder["mixture"])).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder["mixture"], MixtureModel.SettingsName), "{\"capacity\":7}");
        Assert.Contains("capacity is 7", Assert.Throws<FlextronException>(() => MixtureModel.Load(folder["mixture"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RoutersOfAnotherShapeAreRefused()
    {
        using MixtureModel mixture = Create();
        foreach (ModelConfig other in new[] { Config with { HiddenSize = 2 * Config.HiddenSize }, Config with { BlockCount = 6 }, Config with { BlockCount = 2 } })
        {
            using DepthRouters routers = DepthRouters.Fresh(other, Settings, seed: 1);
            Assert.Contains($"channels and {Config.BlockCount} blocks", Assert.Throws<FlextronException>(() => new MixtureModel(mixture.Model, routers)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void NothingNativeIsLeftBehind()
    {
        using MixtureModel mixture = Create();
        using var noGrad = no_grad();
        using Tensor ids_BT = Ids();
        var random = new Random(4);
        void Pass()
        {
            using MixtureCache cache = mixture.NewCache(Batch, Time);
            var selector = new GivenTokens(Decisions(mixture, random));
            for (int t = 0; t < Time; t += 4)
            {
                using Tensor part_BT = ids_BT.narrow(1, t, 4);
                mixture.Forward(part_BT, selector, cache: cache).Dispose();
            }
            mixture.Forward(ids_BT, new CausalTokens()).Dispose();
        }

        Pass();
        long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (int i = 0; i < 20; i++) Pass();
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    private static void Close(Tensor expected, Tensor actual)
    {
        double difference = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().item<double>();
        Assert.True(difference < 1e-4, $"logits differ by {difference}");
    }

    private sealed class RowCount : IForwardObserver
    {
        public long[] Normed { get; } = new long[Config.BlockCount];

        public void OnNorm(int block, Tensor normed_BTC) => Normed[block] += normed_BTC.size(0) * normed_BTC.size(1);

        public void OnHeads(int block, Tensor heads_BTLH)
        {
        }

        public void OnNeurons(int block, Tensor gate_BTD, Tensor gated_BTD)
        {
        }
    }
}
