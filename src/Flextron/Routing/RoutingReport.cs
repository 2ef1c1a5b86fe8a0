namespace Flextron.Routing;

/// <summary>What router training through the surrogate did.</summary>
/// <param name="Rounds">Every round.</param>
/// <param name="LossScale">Standard deviation of the measured losses: the unit of the routers' objective.</param>
public sealed record RoutingReport(IReadOnlyList<RoutingRound> Rounds, double LossScale)
{
    /// <summary>What the routers choose after LM and routers were fine-tuned together, measured on the same text; empty before that.</summary>
    public IReadOnlyList<RoutePoint> Final { get; init; } = [];

    /// <summary>The last surrogate on held-out networks.</summary>
    public SurrogateFit HeldOut => Rounds[^1].HeldOut;

    /// <summary>What the routers chose at the end of the surrogate's phase.</summary>
    public IReadOnlyList<RoutePoint> Points => Rounds[^1].Points;
}
