using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Workbench.Comparisons;

namespace Flextron.Workbench.PretrainingComparisons;

/// <summary>How an arm spends the plain arm's compute: its settings, and what each step costs.</summary>
/// <param name="Settings">With as many tokens as the compute allows.</param>
/// <param name="Parts">Steps of each part, one after another, with the operations of one; one part where the size never changes.</param>
internal sealed record PretrainingPlan(PretrainingSettings Settings, IReadOnlyList<(int Steps, double Flops)> Parts)
{
    /// <summary>Operations of the whole training.</summary>
    public double Flops => Parts.Sum(p => p.Steps * p.Flops);

    /// <summary>Operations up to a step.</summary>
    public double FlopsAt(int step)
    {
        double flops = 0;
        foreach ((int steps, double each) in Parts)
        {
            flops += Math.Min(steps, step) * each;
            step -= Math.Min(steps, step);
        }
        return flops;
    }

    /// <summary>Plans an arm.</summary>
    /// <param name="settings">The experiment.</param>
    /// <param name="arm">The arm.</param>
    /// <param name="seed">Of weights and data order.</param>
    /// <exception cref="FlextronException">The shape contradicts itself, or cannot be halved.</exception>
    public static PretrainingPlan Of(PretrainingComparisonSettings settings, PretrainingArm arm, long seed)
    {
        PretrainingSettings plain = settings.Pretraining with { Seed = seed }, own = plain with { SkipLayer = arm.SkipLayer, VCycle = arm.VCycle };
        double compute = plain.Steps * Step(plain, plain.Model(plain.VocabularySize, null)), full = Step(own, own.Model(own.VocabularySize, null));
        long perStep = (long)own.BatchSize * own.ContextLength;
        PretrainingSettings With(int steps) => own with { Tokens = checked((int)(steps * perStep)) };
        if (arm.VCycle is not { } cycle)
        {
            int alone = (int)(compute / full);
            return new PretrainingPlan(With(alone), [(alone, full)]);
        }
        double small = Step(own, Coalescing.Halved(own.Model(own.VocabularySize, null), cycle.Validated().Depth));
        PretrainingPlan Shared(int steps)
        {
            PretrainingSettings shared = With(steps);
            (int first, int half, int last) = new VCycleTraining(shared.Training, cycle).Steps;
            return new PretrainingPlan(shared, [(first, full), (half, small), (last, full)]);
        }

        // Shares are rounded to whole steps: the most steps that do not cost more.
        int most = (int)(compute / ((1 - cycle.SmallShare) * full + cycle.SmallShare * small)) + 1;
        PretrainingPlan plan = Shared(most);
        while (plan.Flops > compute) plan = Shared(--most);
        return plan;
    }

    private static double Step(PretrainingSettings settings, ModelConfig config) =>
        new TrainingFlops(config, config.ContextLength).Step([SubNetwork.Full(config)], settings.BatchSize, teacher: false);
}
