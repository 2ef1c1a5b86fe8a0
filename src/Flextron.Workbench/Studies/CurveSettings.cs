namespace Flextron.Workbench.Studies;

/// <summary>At which budgets the curves are drawn.</summary>
public sealed record CurveSettings
{
    /// <summary>Latency targets, spread evenly from the smallest network's to the whole network's.</summary>
    public int Targets { get; init; } = 8;

    /// <summary>Time spent on measuring the selected networks end to end.</summary>
    public double Seconds { get; init; } = 8;
}
