using Flextron.Latency;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using static Flextron.Tests.MixtureOfDepths.TinyMixture;

namespace Flextron.Tests.MixtureOfDepths;

public sealed class MixtureCostsTests
{
    // C 16, 4 heads in 2 groups of size 6, 20 neurons, 23 ids; 12 tokens, of which 3 pass.
    [Theory]
    [InlineData(CausalSampler.Auxiliary, 0)]
    [InlineData(CausalSampler.Predictor, 8 * 18)]
    public void OperationsAreThoseCountedByHand(CausalSampler sampler, int predictor)
    {
        double projections = 2 * 2 * 2 * 6 * 16 + 2 * 2 * 4 * 6 * 16, mlp = 2 * 3 * 20 * 16;
        double Block(int tokens) => tokens * (projections + mlp) + tokens * (tokens + 1) / 2 * 2 * 2 * 4 * 6;
        double head = 12 * 2 * 16 * 23, router = 12 * 2 * (16 + predictor);
        var costs = new MixtureCosts(Config, Settings with { Sampler = sampler });
        Assert.Equal(head + 2 * Block(12) + 2 * (Block(3) + router), costs.ForwardFlops(12), 1e-6);
    }

    [Fact]
    public void TrainingBothSamplersPaysForThePredictors()
    {
        double Of(MixtureSettings settings) => new MixtureCosts(Config, settings).ForwardFlops(12);
        MixtureSettings auxiliary = Settings with { Sampler = CausalSampler.Auxiliary };
        Assert.Equal(Of(Settings with { Sampler = CausalSampler.Predictor }), Of(auxiliary with { TrainBothSamplers = true }));
        Assert.True(Of(auxiliary) < Of(auxiliary with { TrainBothSamplers = true }));
    }

    [Fact]
    public void WithoutRoutedBlocksTheyAreTheDenseNetworks()
    {
        SubNetwork network = new([new(1, 9), default, new(0, 20), new(2, 0)]);
        var costs = new MixtureCosts(Config, Settings with { Every = 5 });
        ICostTable dense = AnalyticCosts.Flops(Config, new LatencyWorkload(1, 12));
        Assert.Equal(dense.Cost(network) + 11 * dense.Fixed, costs.ForwardFlops(12, network), 1e-6);
        Assert.Equal(1, costs.CacheShare(12));
    }

    [Fact]
    public void TheCacheHoldsAllTokensInDenseBlocksAndThoseThatPassInTheOthers() =>
        Assert.Equal((2 + 2 * 3 / 12.0) / 4, new MixtureCosts(Config, Settings).CacheShare(12), 1e-12);
}
