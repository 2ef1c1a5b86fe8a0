namespace Flextron.Inference.Decoding;

/// <summary>
/// Chooses the widths of one token's parts while the token passes through the network, as dynamic routers do (FLEXTRON, ICML 2024, section 3.4).
/// Called on the thread that decodes, in order: both calls for each block, then <see cref="Finish"/>. What must not allocate must not allocate here.
/// </summary>
public interface IStepRouter
{
    /// <summary>How many key/value groups a block's attention keeps for this token.</summary>
    /// <param name="block">Which block.</param>
    /// <param name="hidden_C">The residual stream that enters the part, before its norm.</param>
    /// <returns>0 (skipped) … G.</returns>
    int KvGroups(int block, ReadOnlySpan<float> hidden_C);

    /// <summary>How many neurons a block's MLP keeps for this token.</summary>
    /// <param name="block">Which block.</param>
    /// <param name="hidden_C">The residual stream that enters the part, before its norm.</param>
    /// <returns>0 (skipped) … D.</returns>
    int Neurons(int block, ReadOnlySpan<float> hidden_C);

    /// <summary>The token has passed the last block; final norm and head follow, unless only the cache is being filled.</summary>
    void Finish(ReadOnlySpan<float> hidden_C)
    {
    }
}
