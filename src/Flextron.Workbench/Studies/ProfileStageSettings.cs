using Flextron.Latency;

namespace Flextron.Workbench.Studies;

/// <summary>What latency means, and how carefully it is measured.</summary>
public sealed record ProfileStageSettings
{
    /// <summary>The workload; 8 prompts of 256 tokens by default.</summary>
    public LatencyWorkload? Workload { get; init; }

    /// <summary>How the table is measured.</summary>
    public ProfileSettings Table { get; init; } = new();

    /// <summary>Held-out sub-networks that the table is checked on.</summary>
    public int HeldOutNetworks { get; init; } = 30;

    /// <summary>Checks the values.</summary>
    /// <exception cref="FlextronException">A value cannot be used.</exception>
    public ProfileStageSettings Validated()
    {
        if (HeldOutNetworks < 3) throw new FlextronException($"Experiment settings: profile.heldOutNetworks is {HeldOutNetworks}, give 3 or more.");
        Table.Validated();
        return this;
    }
}
