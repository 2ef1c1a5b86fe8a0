namespace Flextron.MixtureOfDepths;

/// <summary>By what a routed block's update is multiplied, r being the router's logit of the token.</summary>
public enum RouterGate
{
    /// <summary>r itself (arXiv 2404.02258, equation 1).</summary>
    Linear,

    /// <summary>1 + r: with a fresh router the block adds what the dense block would, so that a converted model starts from what it was.</summary>
    OnePlus,
}
