using Flextron.Inference.Decoding;
using Flextron.Models;

namespace Flextron.Workbench.Benchmarks;

/// <summary>A sequence from its beginning, always going on with the most probable token.</summary>
internal static class GreedyDecoding
{
    /// <summary>Reads a first token and then its own choices.</summary>
    /// <param name="session">Is reset.</param>
    /// <param name="network">With which slice.</param>
    /// <param name="tokens">Tokens read.</param>
    public static void Run(DecodeSession session, SubNetwork network, int tokens)
    {
        session.Reset();
        int token = 1;
        for (int i = 0; i < tokens; i++)
        {
            ReadOnlySpan<float> logits_V = session.Step(token, network);
            token = 0;
            for (int v = 1; v < logits_V.Length; v++)
                if (logits_V[v] > logits_V[token]) token = v;
        }
    }
}
