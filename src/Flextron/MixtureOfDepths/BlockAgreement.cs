namespace Flextron.MixtureOfDepths;

/// <summary>How a block's causal sampler decided where the top k decide.</summary>
/// <param name="Block">Index of the block.</param>
/// <param name="Decisions">Tokens decided about.</param>
/// <param name="Top">How many were among the top k.</param>
/// <param name="Sampled">How many the sampler would let pass.</param>
/// <param name="Both">How many both would.</param>
public sealed record BlockAgreement(int Block, long Decisions, long Top, long Sampled, long Both)
{
    /// <summary>Share of tokens about which sampler and top k agree. A sampler that lets nothing pass reaches one minus the capacity.</summary>
    public double Accuracy => (double)(Decisions - Top - Sampled + 2 * Both) / Decisions;

    /// <summary>Of the tokens that the sampler lets pass, the share that is among the top k; NaN where it lets none pass.</summary>
    public double Precision => (double)Both / Sampled;

    /// <summary>Of the top k, the share that the sampler lets pass.</summary>
    public double Recall => (double)Both / Top;

    /// <summary>Share of tokens that the sampler lets pass: the capacity that is really used.</summary>
    public double Share => (double)Sampled / Decisions;
}
