namespace Flextron.Training;

/// <summary>Linear warm-up, then a fall from the peak to a floor.</summary>
/// <param name="Peak">Highest rate.</param>
/// <param name="WarmupSteps">Steps from 0 to the peak.</param>
/// <param name="TotalSteps">Steps in all.</param>
/// <param name="FloorShare">Last rate as a share of the peak.</param>
/// <param name="Shape">How it falls.</param>
/// <param name="DecayShare">Share of all steps in which <see cref="ScheduleShape.WarmupStableDecay"/> falls.</param>
public sealed record LearningRateSchedule(
    double Peak, int WarmupSteps, int TotalSteps, double FloorShare = 0.1, ScheduleShape Shape = ScheduleShape.Cosine, double DecayShare = 0.2)
{
    /// <summary>The schedule of a training.</summary>
    public static LearningRateSchedule Of(JointTrainingSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new LearningRateSchedule(settings.LearningRate, settings.WarmupSteps, settings.Steps, settings.FloorShare, settings.Schedule, settings.DecayShare);
    }

    /// <summary>The rate at a step, counted from 0.</summary>
    public double At(int step)
    {
        if (step < WarmupSteps) return Peak * (step + 1) / WarmupSteps;
        double from = Shape == ScheduleShape.Cosine ? WarmupSteps : Math.Max(WarmupSteps, TotalSteps * (1 - DecayShare));
        double done = Math.Clamp((step - from) / Math.Max(1, TotalSteps - from), 0, 1);
        double left = Shape == ScheduleShape.Cosine ? 0.5 * (1 + Math.Cos(Math.PI * done)) : 1 - done;
        return Peak * (FloorShare + (1 - FloorShare) * left);
    }
}
