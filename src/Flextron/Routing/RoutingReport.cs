namespace Flextron.Routing;

/// <summary>What router training did.</summary>
/// <param name="Rounds">Every round of the surrogate; empty for other methods.</param>
/// <param name="LossScale">Standard deviation of losses over networks: the unit of the routers' objective.</param>
public sealed record RoutingReport(IReadOnlyList<RoutingRound> Rounds, double LossScale)
{
    /// <summary>How the routers were trained.</summary>
    public RoutingMethod Method { get; init; } = RoutingMethod.Surrogate;

    /// <summary>Floating-point operations that this took in the LM.</summary>
    public double LmOperations { get; init; }

    /// <summary>What the routers choose after LM and routers were fine-tuned together, measured on the same text; empty before that.</summary>
    public IReadOnlyList<RoutePoint> Final { get; init; } = [];

    /// <summary>The last surrogate on held-out networks; null where there was none.</summary>
    public SurrogateFit? HeldOut => Rounds.Count == 0 ? null : Rounds[^1].HeldOut;

    /// <summary>What the routers chose at the end of the surrogate's phase; empty where there was none.</summary>
    public IReadOnlyList<RoutePoint> Points => Rounds.Count == 0 ? [] : Rounds[^1].Points;
}
