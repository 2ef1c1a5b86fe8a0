namespace Flextron.MixtureOfDepths;

/// <summary>The causal sampler: a token passes where the sampler's logit is positive. The number of tokens that pass is then only near the capacity.</summary>
/// <param name="sampler">Which; the model's own where null.</param>
public sealed class CausalTokens(CausalSampler? sampler = null) : ITokenSelector
{
    /// <inheritdoc/>
    public bool IsCausal => true;

    /// <inheritdoc/>
    public bool[] Select(RouterReading reading, int start)
    {
        ArgumentNullException.ThrowIfNull(reading);
        return Array.ConvertAll(RouterReading.Values(sampler is { } asked ? reading.LogitsOf(asked) : reading.SamplerLogits_BT), logit => logit > 0);
    }
}
