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
    public static ISubNetworkSource Source(JointTrainingSettings training, ArmSettings arm, ElasticSpace space) => arm.Only is { } share
        ? new One(space.Uniform(share))
        : new SubNetworkSampler(space, training.Strategy, training.NetworksPerStep, training.UniformShare, training.Seed);

    private sealed class One(SubNetwork network) : ISubNetworkSource
    {
        public IReadOnlyList<SubNetwork> At(int step) => [network];
    }
}
