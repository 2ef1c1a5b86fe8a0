namespace Flextron.Routing.Dynamic;

/// <summary>What training dynamic routers did.</summary>
/// <param name="Method">How.</param>
/// <param name="LmOperations">Floating-point operations spent in the LM.</param>
/// <param name="FirstLoss">Training objective's loss part at the beginning, mean over a tenth of the steps.</param>
/// <param name="LastLoss">The same at the end.</param>
/// <param name="TokenFit">The last surrogate on held-out tokens' loss increases; null without a surrogate.</param>
/// <param name="SequenceFit">The same on means over held-out sequences, where the noise of single tokens averages out.</param>
public sealed record DynamicRoutingReport(
    RoutingMethod Method, double LmOperations, double FirstLoss, double LastLoss, SurrogateFit? TokenFit = null, SurrogateFit? SequenceFit = null);
