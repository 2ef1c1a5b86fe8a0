using Flextron.Training;

namespace Flextron.Workbench.WayComparisons;

/// <summary>One arm with one seed, ready to be trained.</summary>
/// <param name="Name">The arm.</param>
/// <param name="Arm">What it is.</param>
/// <param name="Training">Resolved settings, steps and seed included.</param>
/// <param name="Shared">Whether it has only its part of the tokens that all networks of its way share, instead of all of them.</param>
internal sealed record WayPlan(string Name, WayArm Arm, JointTrainingSettings Training, bool Shared)
{
    public long Seed => Training.Seed;

    public string Stage => FormattableString.Invariant($"arm-{Name}{(Shared ? "-shared" : "")}-seed{Seed}");

    /// <summary>An arm's plan.</summary>
    public static WayPlan Of(WayComparisonSettings settings, string name, long seed, bool shared)
    {
        WayArm arm = settings.Arms[name];
        JointTrainingSettings training = settings.Training with { Seed = seed, LearningRate = arm.LearningRate ?? settings.Training.LearningRate, EvaluateEvery = 0 };
        if (arm.Way != Way.Flextron) training = training with { Strategy = SamplingStrategy.Full, NetworksPerStep = 1 };
        if (shared)
        {
            int parts = settings.Arms.Values.Count(a => a.Series == arm.Series);
            training = training with
            {
                Steps = Math.Max(1, (int)Math.Round((double)training.Steps / parts)), WarmupSteps = (int)Math.Round((double)training.WarmupSteps / parts),
            };
        }
        return new WayPlan(name, arm, training, shared);
    }

    /// <summary>Whether an arm's tokens differ between the two views: it is not the only network of its way.</summary>
    public static bool Shares(WayComparisonSettings settings, string name) => settings.Arms.Values.Count(a => a.Series == settings.Arms[name].Series) > 1;

    /// <summary>All plans of a seed, those with all the tokens first.</summary>
    public static IReadOnlyList<WayPlan> All(WayComparisonSettings settings, long seed) =>
    [
        .. settings.Arms.Keys.Select(name => Of(settings, name, seed, shared: false)),
        .. settings.Arms.Keys.Where(name => Shares(settings, name)).Select(name => Of(settings, name, seed, shared: true)),
    ];
}
