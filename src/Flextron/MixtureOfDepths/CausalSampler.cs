namespace Flextron.MixtureOfDepths;

/// <summary>How generation decides whether a token passes a routed block, without seeing the tokens that follow (arXiv 2404.02258, section 3.5).</summary>
public enum CausalSampler
{
    /// <summary>A small MLP reads the residual stream behind a stop-gradient and predicts the top-k membership; nothing else in the network feels it.</summary>
    Predictor,

    /// <summary>The router's own logits are trained towards top-k membership by a binary cross-entropy: a token passes where its logit is positive.</summary>
    Auxiliary,
}
