using Flextron.Inference.Decoding;
using Flextron.Models;

namespace Flextron.Inference;

/// <summary>A text read by the decode engine, at fixed widths or at those that a router chooses.</summary>
internal sealed class EngineSequence(DecodeEngine engine, SubNetwork network, IStepRouter? router, int capacity) : ISequence
{
    private readonly DecodeSession session = engine.NewSession(capacity, widest: router is null ? network : null);

    /// <inheritdoc/>
    public int Length => session.Length;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Read(scoped ReadOnlySpan<int> ids) => router is null ? session.Prefill(ids, network) : session.Prefill(ids, router);

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}
