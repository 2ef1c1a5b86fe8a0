namespace Flextron.Routing;

/// <summary>Trained routers, the surrogate they were trained through, and everything measured on the way.</summary>
/// <param name="Routers">To be kept.</param>
/// <param name="Surrogate">Of no use once the routers exist, but for judging it.</param>
/// <param name="Replay">Measured networks.</param>
/// <param name="Report">Figures per round.</param>
public sealed record SurrogateRouterResult(StaticRouters Routers, Surrogate Surrogate, ReplayBuffer Replay, RoutingReport Report) : IDisposable
{
    /// <summary>Releases routers and surrogate.</summary>
    public void Dispose()
    {
        Routers.Dispose();
        Surrogate.Dispose();
    }
}
