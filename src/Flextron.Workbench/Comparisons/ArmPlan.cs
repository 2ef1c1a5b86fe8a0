using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Training;

namespace Flextron.Workbench.Comparisons;

/// <summary>One arm with one seed, ready to be trained.</summary>
/// <param name="Name">The arm.</param>
/// <param name="Training">Resolved settings, steps and seed included.</param>
/// <param name="Settings">What else the arm says.</param>
/// <param name="Tokens">Tokens read, each counted once however many sub-networks read it.</param>
/// <param name="Flops">Operations; see <see cref="TrainingFlops"/>.</param>
internal sealed record ArmPlan(string Name, JointTrainingSettings Training, ArmSettings Settings, long Tokens, double Flops)
{
    public long Seed => Training.Seed;

    /// <summary>What is trained at each step.</summary>
    public static ISubNetworkSource Source(JointTrainingSettings training, ArmSettings arm, ElasticSpace space)
    {
        if (arm.Only is { } share) return new SingleNetwork(space.Uniform(share));
        var sampler = new SubNetworkSampler(space, training.Strategy, training.NetworksPerStep, training.UniformShare, training.Seed);
        return arm.WholeShare > 0 ? new WholeAtTimes(sampler, space.Largest, arm.WholeShare, training.Seed) : sampler;
    }

    private sealed class WholeAtTimes(SubNetworkSampler sampler, SubNetwork whole, double share, long seed) : ISubNetworkSource
    {
        public IReadOnlyList<SubNetwork> At(int step) => Seeds.Stream(seed, "whole network", step).NextDouble() < share ? [whole] : sampler.At(step);
    }
}
