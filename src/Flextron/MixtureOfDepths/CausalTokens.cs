namespace Flextron.MixtureOfDepths;

/// <summary>The causal sampler: a token passes where the sampler's logit is positive. The number of tokens that pass is then only near the capacity.</summary>
public sealed class CausalTokens : ITokenSelector
{
    /// <inheritdoc/>
    public bool IsCausal => true;

    /// <inheritdoc/>
    public bool[] Select(RouterReading reading, int start)
    {
        ArgumentNullException.ThrowIfNull(reading);
        return Array.ConvertAll(RouterReading.Values(reading.SamplerLogits_BT), logit => logit > 0);
    }
}
