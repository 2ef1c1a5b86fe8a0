namespace Flextron.Routing;

/// <summary>How routers are trained.</summary>
public sealed record RouteSettings
{
    /// <summary>How routers learn.</summary>
    public RoutingMethod Method { get; init; } = RoutingMethod.Surrogate;

    /// <summary>Surrogate and routers.</summary>
    public SurrogateRouterSettings Surrogate { get; init; } = new();

    /// <summary>End-to-end training, for the methods without a surrogate.</summary>
    public RelaxedRouterSettings Relaxed { get; init; } = new();

    /// <summary>Calibration windows that a sub-network's loss is measured on for the surrogate.</summary>
    public int LossWindows { get; init; } = 8;

    /// <summary>Tokens per window; the model's context where that is shorter.</summary>
    public int WindowLength { get; init; } = 256;

    /// <summary>The joint fine-tuning of LM and routers that follows.</summary>
    public JointRouterSettings Joint { get; init; } = new();

    /// <summary>The same settings with every seed set.</summary>
    public RouteSettings WithSeed(long seed) => this with
    {
        Surrogate = Surrogate with { Seed = seed, Router = Surrogate.Router with { Seed = seed }, Surrogate = Surrogate.Surrogate with { Seed = seed } },
        Relaxed = Relaxed with { Seed = seed, Router = Relaxed.Router with { Seed = seed } },
        Joint = Joint with { Training = Joint.Training with { Seed = seed } },
    };

    /// <summary>Checks the values.</summary>
    /// <exception cref="FlextronException">A value cannot be used.</exception>
    public RouteSettings Validated()
    {
        if (LossWindows < 1 || WindowLength < 2) throw new FlextronException($"Router settings: lossWindows is {LossWindows} and windowLength {WindowLength}, give 1 and 2 or more.");
        Surrogate.Validated();
        Relaxed.Validated();
        Joint.Validated();
        return this;
    }
}
