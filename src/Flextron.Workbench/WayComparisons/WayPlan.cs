using Flextron.Training;

namespace Flextron.Workbench.WayComparisons;

/// <summary>One arm with one seed, ready to be trained.</summary>
/// <param name="Name">The arm.</param>
/// <param name="Arm">What it is.</param>
/// <param name="Training">Resolved settings, steps and seed included; of <see cref="WayView.Operations"/> the steps follow from the operations.</param>
/// <param name="View">Of which view.</param>
internal sealed record WayPlan(string Name, WayArm Arm, JointTrainingSettings Training, WayView View)
{
    /// <summary>Operations that its training may count; null where tokens decide.</summary>
    public double? Operations { get; init; }

    public long Seed => Training.Seed;

    public string Stage => FormattableString.Invariant($"arm-{Name}{View switch { WayView.Together => "-shared", WayView.Operations => "-operations", _ => "" }}-seed{Seed}");

    /// <summary>The settings of its training, once it is known what a step counts.</summary>
    /// <param name="stepFlops">Operations of a step.</param>
    public JointTrainingSettings Resolved(double stepFlops) => Operations is { } most ? WithSteps(Training, most / stepFlops) : Training;

    /// <summary>An arm's plan.</summary>
    /// <param name="settings">The experiment.</param>
    /// <param name="name">The arm.</param>
    /// <param name="seed">Of weights and data order.</param>
    /// <param name="view">Which view.</param>
    /// <param name="familyFlops">Operations of the family's training, where the view asks for them.</param>
    public static WayPlan Of(WayComparisonSettings settings, string name, long seed, WayView view, double familyFlops = double.NaN)
    {
        WayArm arm = settings.Arms[name];
        JointTrainingSettings training = settings.Training with { Seed = seed, LearningRate = arm.LearningRate ?? settings.Training.LearningRate, EvaluateEvery = 0 };
        if (arm.Way != Way.Flextron) training = training with { Strategy = SamplingStrategy.Full, NetworksPerStep = 1 };
        int parts = settings.Arms.Values.Count(a => a.Series == arm.Series);
        if (view == WayView.Together) training = WithSteps(training, (double)training.Steps / parts);
        return new WayPlan(name, arm, training, view) { Operations = view == WayView.Operations ? familyFlops / parts : null };
    }

    private static JointTrainingSettings WithSteps(JointTrainingSettings training, double steps) => training with
    {
        Steps = Math.Max(1, (int)Math.Round(steps)), WarmupSteps = (int)Math.Round(training.WarmupSteps * steps / training.Steps),
    };

    /// <summary>Whether an arm's tokens differ between the two views: it is not the only network of its way.</summary>
    public static bool Shares(WayComparisonSettings settings, string name) => settings.Arms.Values.Count(a => a.Series == settings.Arms[name].Series) > 1;

    /// <summary>Whose training stands for an arm's in a view: where it would be the same, that with all the tokens.</summary>
    public static WayView Trained(WayComparisonSettings settings, string name, WayView view) =>
        (view == WayView.Together && !Shares(settings, name)) || settings.Arms[name].Way == Way.Flextron ? WayView.Each : view;

    /// <summary>All plans of a seed, those with all the tokens first.</summary>
    /// <param name="settings">The experiment.</param>
    /// <param name="seed">Of weights and data order.</param>
    /// <param name="familyFlops">Operations of the family's training with this seed.</param>
    public static IReadOnlyList<WayPlan> All(WayComparisonSettings settings, long seed, double familyFlops) =>
    [
        .. from view in settings.Views from name in settings.Arms.Keys where Trained(settings, name, view) == view select Of(settings, name, seed, view, familyFlops),
    ];
}
