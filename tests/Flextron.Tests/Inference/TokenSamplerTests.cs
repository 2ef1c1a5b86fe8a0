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

    [Fact]
    public void TopPIsTakenOfTheTopK()
    {
        // Of 0.5, 0.3, 0.1 (0.9 together) the first two have 0.889.
        Assert.Equal(2, Shares(new GenerationSettings { Temperature = 1, TopK = 3, TopP = 0.88 }).Count(s => s > 0));
        Assert.Equal(3, Shares(new GenerationSettings { Temperature = 1, TopK = 3, TopP = 0.9 }).Count(s => s > 0));
    }

    [Fact]
    public void DrawsAreThoseOfSortingEverything()
    {
        var random = new Random(3);
        float[] logits = [.. Enumerable.Range(0, 500).Select(_ => (float)Math.Round(4 * random.NextDouble(), 2))];
        foreach ((int k, double p) in ((int, double)[])[(0, 0.5), (0, 0.99), (7, 1), (40, 0.8), (500, 0.3)])
        {
            var settings = new GenerationSettings { Temperature = 0.7, TopK = k, TopP = p };
            double[] weights = [.. logits.Select(l => Math.Exp((l - logits.Max()) / 0.7))];
            int[] order = [.. Enumerable.Range(0, 500).OrderByDescending(i => weights[i]).Take(k == 0 ? 500 : k)];
            double total = order.Sum(i => weights[i]), sum = 0;
            HashSet<int> nucleus = [.. order.TakeWhile(i => (sum += weights[i]) - weights[i] < p * total)];
            var sampler = new TokenSampler(settings);
            int[] drawn = [.. Enumerable.Range(0, 4000).Select(_ => sampler.Next(logits))];
            Assert.Subset(nucleus, drawn.ToHashSet());
            double mass = nucleus.Sum(i => weights[i]);
            Assert.Equal(weights[order[0]] / mass, drawn.Count(i => i == order[0]) / 4000.0, 0.03);
        }
    }

    [Theory]
    [InlineData(0.6, 0, 1.0, 1.0)]
    [InlineData(1.7, 0, 1.0, 1.3)]
    [InlineData(1.0, 5, 1.0, 1.5)]
    [InlineData(0.8, 0, 0.7, 0.7)]
    [InlineData(1.2, 6, 0.8, 1.2)]
    public void DrawsFollowTheDistributionWorkedOutByHand(double temperature, int k, double p, double penalty)
    {
        const int Count = 20000;
        var random = new Random(9);
        float[] logits = [.. Enumerable.Range(0, 12).Select(_ => (float)(6 * random.NextDouble() - 3))];
        int[] seen = [2, 3, 7];
        double[] weights = [.. logits.Select((l, i) => Math.Exp((!seen.Contains(i) ? l : l > 0 ? l / penalty : l * penalty) / temperature))];
        int[] order = [.. Enumerable.Range(0, 12).OrderByDescending(i => weights[i]).Take(k == 0 ? 12 : k)];
        double total = order.Sum(i => weights[i]), before = 0;
        HashSet<int> kept = [];
        foreach (int i in order)
        {
            if (before < p * total) kept.Add(i);
            before += weights[i];
        }
        double[] expected = [.. Enumerable.Range(0, 12).Select(i => kept.Contains(i) ? weights[i] / kept.Sum(j => weights[j]) : 0)];
        var sampler = new TokenSampler(new GenerationSettings { Temperature = temperature, TopK = k, TopP = p, RepetitionPenalty = penalty, Seed = 5 });
        foreach (int id in seen) sampler.Observe(id);
        double[] drawn = new double[12];
        for (int i = 0; i < Count; i++) drawn[sampler.Next(logits)]++;
        Assert.All(Enumerable.Range(0, 12), i => Assert.True(expected[i] > 0 || drawn[i] == 0));
        // χ² of 11 degrees of freedom is above 31.3 once in a thousand; the seed is fixed.
        Assert.InRange(Enumerable.Range(0, 12).Where(i => expected[i] > 0).Sum(i => Math.Pow(drawn[i] - Count * expected[i], 2) / (Count * expected[i])), 0, 31.3);
    }

    [Fact]
    public void WhatWasSeenGetsLessProbable()
    {
        var sampler = new TokenSampler(new GenerationSettings { RepetitionPenalty = 2 });
        float[] logits = [3, 2, -1];
        Assert.Equal(0, sampler.Next(logits));
        sampler.Observe(0);
        Assert.Equal(1, sampler.Next(logits));
        sampler.Observe(1);
        sampler.Observe(2);
        // 1.5, 1, -2.
        Assert.Equal(0, sampler.Next(logits));
        Assert.Equal([3f, 2f, -1f], logits);
    }

    [Theory]
    [InlineData(0, new[] { float.NaN, float.NaN, float.NaN })]
    [InlineData(0, new[] { float.NaN, 1f, 2f })]
    [InlineData(0, new[] { 1f, float.PositiveInfinity, 2f })]
    [InlineData(1, new[] { 1f, 2f, float.NaN })]
    [InlineData(1, new[] { float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity })]
    public void LogitsOfADamagedModelAreNoToken(double temperature, float[] logits)
    {
        var sampler = new TokenSampler(new GenerationSettings { Temperature = temperature });
        Assert.Contains("not finite", Assert.Throws<FlextronException>(() => sampler.Next(logits)).Message, StringComparison.Ordinal);
        // What is only impossible is not damaged.
        Assert.Equal(2, sampler.Next([float.NegativeInfinity, float.NegativeInfinity, 3f]));
    }

    [Fact]
    public void NothingIsAllocatedPerDraw()
    {
        float[] logits = [.. Enumerable.Range(0, 3000).Select(i => MathF.Sin(i))];
        foreach (GenerationSettings settings in (GenerationSettings[])
            [new() { RepetitionPenalty = 1.2 }, new() { Temperature = 1 }, new() { Temperature = 1, TopK = 40, RepetitionPenalty = 1.1 }, new() { Temperature = 1, TopP = 0.9 }])
        {
            var sampler = new TokenSampler(settings);
            sampler.Observe(2999);
            sampler.Next(logits);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 200; i++) sampler.Observe(sampler.Next(logits));
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
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
