namespace Flextron.Training;

/// <summary>Linear warm-up, then a cosine from the peak to a floor.</summary>
/// <param name="Peak">Highest rate.</param>
/// <param name="WarmupSteps">Steps from 0 to the peak.</param>
/// <param name="TotalSteps">Steps in all.</param>
/// <param name="FloorShare">Last rate as a share of the peak.</param>
public sealed record LearningRateSchedule(double Peak, int WarmupSteps, int TotalSteps, double FloorShare = 0.1)
{
    /// <summary>The rate at a step, counted from 0.</summary>
    public double At(int step)
    {
        if (step < WarmupSteps) return Peak * (step + 1) / WarmupSteps;
        double done = Math.Clamp((step - WarmupSteps) / (double)Math.Max(1, TotalSteps - WarmupSteps), 0, 1);
        return Peak * (FloorShare + (1 - FloorShare) * 0.5 * (1 + Math.Cos(Math.PI * done)));
    }
}
