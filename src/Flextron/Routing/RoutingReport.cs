namespace Flextron.Routing;

/// <summary>What router training through the surrogate did.</summary>
/// <param name="Rounds">Every round.</param>
/// <param name="LossScale">Standard deviation of the measured losses: the unit of the routers' objective.</param>
public sealed record RoutingReport(IReadOnlyList<RoutingRound> Rounds, double LossScale)
{
    /// <summary>The last surrogate on held-out networks.</summary>
    public SurrogateFit HeldOut => Rounds[^1].HeldOut;

    /// <summary>The routers' final choices.</summary>
    public IReadOnlyList<RoutePoint> Points => Rounds[^1].Points;
}
