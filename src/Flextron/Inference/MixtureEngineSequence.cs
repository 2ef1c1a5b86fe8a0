using Flextron.Inference.Decoding;
using Flextron.MixtureOfDepths;
using Flextron.Models;

namespace Flextron.Inference;

/// <summary>A text read through a Mixture-of-Depths model by the decode engine: as <see cref="MixtureSequence"/>, without libtorch.</summary>
internal sealed class MixtureEngineSequence(DecodeEngine engine, MixtureModel mixture, SubNetwork network, int capacity) : ISequence
{
    private readonly DecodeSession session = engine.NewSession(capacity, widest: network);
    private readonly MixtureStepRouter router = new(mixture, network);

    /// <inheritdoc/>
    public int Length => session.Length;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Read(scoped ReadOnlySpan<int> ids) => session.Prefill(ids, router);

    /// <inheritdoc/>
    public void Dispose()
    {
        session.Dispose();
        router.Dispose();
    }
}
