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
    public ReadOnlySpan<float> Read(scoped ReadOnlySpan<int> ids)
    {
        if (router is null) return session.Prefill(ids, network);
        if (router is IPromptRouter prompts && session.Length == 0 && ids.Length > 1)
        {
            prompts.ReadPrompt(ids[..^1], session);
            // The last token's logits begin the text: it is the first that the router decides by itself.
            ids = ids[^1..];
        }
        return session.Prefill(ids, router);
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}
