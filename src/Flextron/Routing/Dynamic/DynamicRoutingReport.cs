namespace Flextron.Routing.Dynamic;

/// <summary>What training dynamic routers did.</summary>
/// <param name="Method">How.</param>
/// <param name="LmOperations">Floating-point operations spent in the LM.</param>
/// <param name="FirstLoss">What is minimised (the surrogate's predicted rise in nats, or the squared error of scaled rises) at the beginning, mean over a tenth of the steps.</param>
/// <param name="LastLoss">The same at the end.</param>
/// <param name="TokenFit">
/// Held-out tokens: predicted against measured rise of the loss, by the last surrogate for the choices taken, or by the routers for the narrowest MLP instead of the whole one.
/// </param>
/// <param name="SequenceFit">The surrogate on means over held-out sequences, where the noise of single tokens averages out.</param>
public sealed record DynamicRoutingReport(
    DynamicRoutingMethod Method, double LmOperations, double FirstLoss, double LastLoss, SurrogateFit TokenFit, SurrogateFit? SequenceFit = null);
