using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training;

namespace Flextron.Tests.Training;

public sealed class SamplingTests
{
    private static readonly ElasticSpace Space = ElasticSpace.For(RandomLlama.TinyConfig() with { NeuronCount = 384 });

    [Fact]
    public void TheSandwichHoldsLargestSmallestAndRandomOnes()
    {
        var sampler = new SubNetworkSampler(Space, SamplingStrategy.Sandwich, 4, 0.5, seed: 1);

        IReadOnlyList<SubNetwork> step = sampler.At(17);

        Assert.Equal(4, step.Count);
        Assert.Equal(Space.Largest, step[0]);
        Assert.Equal(Space.Smallest, step[1]);
        Assert.Equal(step, new SubNetworkSampler(Space, SamplingStrategy.Sandwich, 4, 0.5, seed: 1).At(17));
        Assert.NotEqual(step, sampler.At(18));
        Assert.NotEqual(step, new SubNetworkSampler(Space, SamplingStrategy.Sandwich, 4, 0.5, seed: 2).At(17));
    }

    [Fact]
    public void WithoutWidthsAndDepthsTheDrawsAreAsEver()
    {
        // Seeded runs of older versions repeat: the same random numbers are used for the same choices.
        Random random = Seeds.Stream(1, "sub-networks", 17);
        SubNetwork expected = random.NextDouble() >= 0.5
            ? new SubNetwork(Enumerable.Range(0, 2).Select(_ => Draw()).ToArray())
            : new SubNetwork(Enumerable.Repeat(Draw(), 2));

        Assert.Equal(expected, new SubNetworkSampler(Space, SamplingStrategy.Random, 1, 0.5, seed: 1).At(17)[0]);

        BlockShape Draw() => new(Space.KvGroups[random.Next(Space.KvGroups.Length)], Space.Neurons[random.Next(Space.Neurons.Length)]);
    }

    [Fact]
    public void WidthsAndDepthsAreDrawnAndTheSandwichReachesTheSmallest()
    {
        ElasticSpace space = Space with { Widths = [8, 16], Depths = [1, 2], BlockRanking = [1, 0] };
        var sampler = new SubNetworkSampler(space, SamplingStrategy.Sandwich, 4, 0.5, seed: 1);

        SubNetwork[] random = [.. Enumerable.Range(0, 200).SelectMany(i => sampler.At(i).Skip(2))];

        Assert.Equal(new SubNetwork([BlockShape.Skipped, new BlockShape(1, 48)], 8), sampler.At(0)[1]);
        foreach ((int? width, int depth) in new (int?, int)[] { (null, 2), (null, 1), (8, 2), (8, 1) })
            Assert.InRange(random.Count(n => n.Width == width && n.Depth == depth), 70, 130);
    }

    [Theory]
    [InlineData(0.0, 0, 0)]
    [InlineData(0.5, 420, 580)]
    [InlineData(1.0, 1000, 1000)]
    public void TheUniformShareIsKept(double share, int low, int high)
    {
        var space = new ElasticSpace([1, 2, 3, 4, 5, 6, 7, 8], [8, 16, 24, 32, 40, 48, 56, 64], 6);
        var sampler = new SubNetworkSampler(space, SamplingStrategy.Random, 1, share, seed: 1);

        int uniform = Enumerable.Range(0, 1000).Count(i => sampler.At(i)[0].Blocks.Distinct().Count() == 1);

        Assert.InRange(uniform, low, high);
    }

    [Fact]
    public void TheScheduleWarmsUpAndFallsToItsFloor()
    {
        var schedule = new LearningRateSchedule(1.0, WarmupSteps: 10, TotalSteps: 110, FloorShare: 0.2);

        Assert.Equal(0.1, schedule.At(0), 1e-12);
        Assert.Equal(1.0, schedule.At(9), 1e-12);
        Assert.Equal(0.6, schedule.At(60), 1e-12);
        Assert.Equal(0.2, schedule.At(110), 1e-12);
    }

    [Fact]
    public void WarmupStableDecayStaysAtThePeakAndFallsInAStraightLine()
    {
        var schedule = new LearningRateSchedule(1.0, WarmupSteps: 10, TotalSteps: 100, FloorShare: 0.1, ScheduleShape.WarmupStableDecay, DecayShare: 0.2);

        Assert.Equal(1.0, schedule.At(10), 1e-12);
        Assert.Equal(1.0, schedule.At(80), 1e-12);
        Assert.Equal(0.55, schedule.At(90), 1e-12);
        Assert.Equal(0.1, schedule.At(100), 1e-12);
    }

    [Fact]
    public void OnePerStepDrawsASingleRandomNetwork()
    {
        var sampler = new SubNetworkSampler(Space, SamplingStrategy.OnePerStep, 4, 0.5, seed: 1);

        Assert.Single(sampler.At(0));
        Assert.True(Enumerable.Range(0, 50).Select(i => sampler.At(i)[0]).Distinct().Count() > 20);
    }
}
