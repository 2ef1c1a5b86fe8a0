namespace Flextron.CrossArchitecture;

/// <summary>How long transferred weights stay as they were (XATL, Choi, arXiv 2404.02684: the loss improvement threshold).</summary>
public sealed record FreezeSettings
{
    /// <summary>Whether anything is frozen at all.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Steps whose mean loss is compared with that of as many steps before.</summary>
    public int Window { get; init; } = 25;

    /// <summary>The next stage is released when the mean loss of a window is less than this share below that of the window before.</summary>
    public double Threshold { get; init; } = 0.01;

    /// <summary>
    /// Whether the transferred weights are released in stages, those nearest to the fresh mixers first: attention's, then the MLPs', then embeddings and head;
    /// otherwise all at once.
    /// </summary>
    public bool Progressive { get; init; } = true;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public FreezeSettings Validated()
    {
        if (Window < 1) throw new FlextronException($"Freeze settings: window is {Window}, give 1 or more.");
        if (!double.IsFinite(Threshold) || Threshold >= 1) throw new FlextronException($"Freeze settings: threshold is {Threshold}, give a share below 1.");
        return this;
    }
}
