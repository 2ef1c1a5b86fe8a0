namespace Flextron.Inference.Decoding;

/// <summary>
/// Chooses the widths of one token's parts while the token passes through the network, as dynamic routers do (FLEXTRON, ICML 2024, section 3.4), and may
/// weigh what a block adds, as Mixture-of-Depths does (arXiv 2404.02258, equation 1). Called on the thread that decodes, in order: for each block
/// <see cref="KvGroups"/>, <see cref="Weight"/>, <see cref="Neurons"/>, then <see cref="Finish"/>. What must not allocate must not allocate here.
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

    /// <summary>By what everything that a block adds to the residual stream, attention and MLP together, is multiplied for this token.</summary>
    /// <param name="block">Which block.</param>
    float Weight(int block) => 1;

    /// <summary>The token has passed the last block; final norm and head follow, unless only the cache is being filled.</summary>
    void Finish(ReadOnlySpan<float> hidden_C)
    {
    }
}
