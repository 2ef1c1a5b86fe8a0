using Flextron.Inference;

namespace Flextron.Tests.Inference;

public sealed class TokenSamplerTests
{
    private static readonly float[] Logits = [MathF.Log(0.5f), MathF.Log(0.1f), MathF.Log(0.3f), MathF.Log(0.06f), MathF.Log(0.04f)];

    [Fact]
    public void DrawsFollowTheDistribution()
    {
        double[] shares = Shares(new GenerationSettings { Temperature = 1 });
        double[] expected = [0.5, 0.1, 0.3, 0.06, 0.04];
        Assert.All(expected.Zip(shares), p => Assert.Equal(p.First, p.Second, 0.015));
    }

    [Fact]
    public void TemperatureRaisesProbabilitiesToItsInverse()
    {
        // p^(1/0.5) normalised: 0.25, 0.01, 0.09, 0.0036, 0.0016 over 0.3552.
        double[] shares = Shares(new GenerationSettings { Temperature = 0.5 });
        Assert.Equal(0.25 / 0.3552, shares[0], 0.015);
        Assert.Equal(0.09 / 0.3552, shares[2], 0.015);
    }

    [Fact]
    public void TopKKeepsTheMostProbable()
    {
        double[] shares = Shares(new GenerationSettings { Temperature = 1, TopK = 2 });
        Assert.Equal(0.625, shares[0], 0.015);
        Assert.Equal(0.375, shares[2], 0.015);
        Assert.Equal(0, shares[1] + shares[3] + shares[4]);
    }

    [Theory]
    [InlineData(0.45, 1)]
    [InlineData(0.79, 2)]
    [InlineData(0.85, 3)]
    [InlineData(1, 5)]
    public void TopPKeepsTheFewestThatReachIt(double p, int kept) =>
        Assert.Equal(kept, Shares(new GenerationSettings { Temperature = 1, TopP = p }).Count(s => s > 0));

    [Fact]
    public void ZeroTemperatureTakesTheFirstGreatest() =>
        Assert.Equal(1, new TokenSampler(new GenerationSettings()).Next([1f, 3f, 3f, -2f]));

    [Fact]
    public void TheSeedDecidesTheDraws()
    {
        int[] Draws(long seed)
        {
            var sampler = new TokenSampler(new GenerationSettings { Temperature = 1, Seed = seed });
            return [.. Enumerable.Range(0, 40).Select(_ => sampler.Next(Logits))];
        }

        Assert.Equal(Draws(1), Draws(1));
        Assert.NotEqual(Draws(1), Draws(2));
    }

    private static double[] Shares(GenerationSettings settings)
    {
        const int Count = 20000;
        var sampler = new TokenSampler(settings);
        double[] shares = new double[Logits.Length];
        for (int i = 0; i < Count; i++) shares[sampler.Next(Logits)] += 1.0 / Count;
        return shares;
    }
}
