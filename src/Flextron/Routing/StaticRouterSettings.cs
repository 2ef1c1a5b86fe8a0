namespace Flextron.Routing;

/// <summary>Shape and initialisation of the routers.</summary>
public sealed record StaticRouterSettings
{
    /// <summary>Hidden neurons of each router.</summary>
    public int HiddenSize { get; init; } = 32;

    /// <summary>Radial basis functions that embed the target, besides a constant and the target itself.</summary>
    public int Bumps { get; init; } = 9;

    /// <summary>Seed of the initial weights.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public StaticRouterSettings Validated()
    {
        if (HiddenSize is < 1 or > 4096) throw new FlextronException($"Router settings: hiddenSize is {HiddenSize}, give 1 to 4096.");
        if (Bumps is < 2 or > 1024) throw new FlextronException($"Router settings: bumps is {Bumps}, give 2 to 1024.");
        return this;
    }
}
