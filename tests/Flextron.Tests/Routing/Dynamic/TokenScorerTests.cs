using Flextron.Elastic;
using Flextron.Routing;
using Flextron.Routing.Dynamic;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Routing.Dynamic;

public sealed class TokenScorerTests
{
    [Theory]
    [InlineData(16, 32, 3, 8)]
    [InlineData(5, 7, 1, 2)]
    [InlineData(130, 33, 2, 19)]
    [InlineData(64, 16, 17, 16)]
    public void ScoresAreThoseOfTheTensors(int channels, int hidden, int groups, int neurons)
    {
        var space = new ElasticSpace([.. Enumerable.Range(1, groups)], [.. Enumerable.Range(1, neurons).Select(n => 4 * n)], 2);
        using var blank = new StaticRouters(space, new StaticRouterSettings { HiddenSize = hidden });
        using var routers = new DynamicRouters(blank, channels);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Generator generator = new(4);
        foreach (TorchSharp.Modules.Parameter parameter in routers.Parameters) parameter.add_(randn(parameter.shape, generator: generator));
        // Groups of four tokens and what is left over, of sequences with targets of their own; magnitudes as different as a residual stream's.
        float[] targets = [0, 0.3f, 1];
        foreach (int time in new[] { 1, 4, 7 })
        {
            Tensor x_BTC = randn([3, time, channels], generator: generator) * pow(10, randn([3, time, 1], generator: generator));
            float[] x = x_BTC.data<float>().ToArray();
            for (int layer = 0; layer < 4; layer++)
            {
                float[] expected = routers.Scores(layer, tensor(targets), x_BTC).contiguous().data<float>().ToArray(), actual = new float[expected.Length], alone = new float[expected.Length / (3 * time)];
                var scorer = new TokenScorer(routers, [.. targets.Select(t => (double)t)]);
                scorer.Score(layer, x, actual);
                Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-4 * (1 + Math.Abs(p.First)) * Math.Sqrt(channels)));
                // To the last bit the same for a token by itself: reading at once and token by token must decide alike.
                for (int n = 0; n < 3 * time; n++)
                {
                    new TokenScorer(routers, [targets[n / time]]).Score(layer, x.AsSpan(n * channels, channels), alone);
                    Assert.Equal(actual.AsSpan(n * alone.Length, alone.Length).ToArray(), alone);
                }
            }
        }
    }

    [Fact]
    public void RoutersThatAreGoneAreNotRead()
    {
        using var blank = new StaticRouters(new ElasticSpace([1, 2], [8, 16], 2));
        using var routers = new DynamicRouters(blank, channels: 8) { Budgets = new LayerBudgets([0, 1], [[1, 1, 1, 1], [2, 2, 2, 2]]) };
        RoutingCosts costs = new(1, [[1, 2], [1, 2]], [[1, 2], [1, 2]]);
        var choices = new RoutedChoices(routers, costs, [0.5]);
        float[] x_C = [1, 2, 3, 4, 5, 6, 7, 8];
        Assert.InRange(choices.Choose(0, x_C.AsSpan()), 0, 1);
        routers.Dispose();
        Assert.Throws<ObjectDisposedException>(() => choices.Choose(2, x_C.AsSpan()));
        Assert.Throws<ObjectDisposedException>(() => new RoutedChoices(routers, costs, [0.5]));
    }
}
