using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;

namespace Flextron.Training;

/// <summary>Draws the sub-networks of a step; a function of the seed and the step alone.</summary>
/// <param name="space">Legal widths.</param>
/// <param name="strategy">Which ones.</param>
/// <param name="count">k, sub-networks per step.</param>
/// <param name="uniformShare">Share of random draws whose blocks all have one width; the others choose per block.</param>
/// <param name="seed">Which draws.</param>
public sealed class SubNetworkSampler(ElasticSpace space, SamplingStrategy strategy, int count, double uniformShare, long seed) : ISubNetworkSource
{
    /// <summary>The sub-networks of a step, the whole network first where it takes part.</summary>
    public IReadOnlyList<SubNetwork> At(int step)
    {
        Random random = Seeds.Stream(seed, "sub-networks", step);
        var networks = new List<SubNetwork>(count);
        if (strategy == SamplingStrategy.OnePerStep) return [Draw(random)];
        if (strategy != SamplingStrategy.Random) networks.Add(space.Largest);
        if (strategy == SamplingStrategy.Full) return networks;
        if (strategy == SamplingStrategy.Sandwich && count > 1) networks.Add(space.Smallest);
        while (networks.Count < count) networks.Add(Draw(random));
        return networks;
    }

    private SubNetwork Draw(Random random) => random.NextDouble() >= uniformShare ? space.Random(random) : space.RandomUniform(random);
}
