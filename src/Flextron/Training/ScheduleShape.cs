namespace Flextron.Training;

/// <summary>How the learning rate falls after the warm-up.</summary>
public enum ScheduleShape
{
    /// <summary>A half cosine from the peak to the floor.</summary>
    Cosine,

    /// <summary>Stays at the peak, then falls linearly to the floor (Hu et al., MiniCPM, arXiv 2404.06395).</summary>
    WarmupStableDecay,
}
