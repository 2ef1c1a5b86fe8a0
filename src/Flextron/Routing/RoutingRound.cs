namespace Flextron.Routing;

/// <summary>One round of exploring, fitting the surrogate, and training the routers through it.</summary>
/// <param name="Round">From 1.</param>
/// <param name="Networks">Networks measured so far.</param>
/// <param name="Pairs">Pairs in the replay buffer.</param>
/// <param name="Fresh">The previous round's surrogate on the networks explored since, which it had no part in choosing its stopping point by; null in the first round.</param>
/// <param name="HeldOut">The fitted surrogate on held-out networks, as one-hot vectors.</param>
/// <param name="HeldOutSoft">The same on the soft router outputs that select held-out networks.</param>
/// <param name="Epochs">Epochs of the fit.</param>
/// <param name="FirstRouterLoss">Routers' objective at the first step, in standard deviations of the loss.</param>
/// <param name="LastRouterLoss">Routers' objective at the last step.</param>
/// <param name="SoftLoss">Surrogate's mean loss of the routers' outputs at the last step, in the measured unit.</param>
/// <param name="SoftExcess">Mean expected latency over target at the last step, as a share of the latency range.</param>
/// <param name="Firmness">Mean of the largest probability over layers and report targets, at the end temperature.</param>
/// <param name="Points">The routers' choices at the report targets, measured.</param>
public sealed record RoutingRound(
    int Round,
    int Networks,
    int Pairs,
    SurrogateFit? Fresh,
    SurrogateFit HeldOut,
    SurrogateFit HeldOutSoft,
    int Epochs,
    double FirstRouterLoss,
    double LastRouterLoss,
    double SoftLoss,
    double SoftExcess,
    double Firmness,
    IReadOnlyList<RoutePoint> Points);
