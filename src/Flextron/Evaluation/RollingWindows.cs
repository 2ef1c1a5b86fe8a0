using Flextron.Evaluation.Scoring;
using Flextron.Tokenization;

namespace Flextron.Evaluation;

/// <summary>
/// Cuts a text into windows in which every token is predicted once, as lm-evaluation-harness does (<c>get_rolling_token_windows</c> with one token of
/// context, then <c>make_disjoint_window</c>): the first window follows BOS, else EOS; a full one follows the last token before it; the last one, where
/// it is shorter, follows as many tokens as make its input full.
/// </summary>
internal static class RollingWindows
{
    /// <summary>The token before a text.</summary>
    /// <exception cref="FlextronException">The tokenizer has neither BOS nor EOS.</exception>
    public static int First(Tokenizer tokenizer) => tokenizer.BosId ?? tokenizer.EosId ?? throw new FlextronException(
        "The tokenizer has neither a BOS nor an EOS token, one of which must precede a text: add one to its configuration.");

    /// <summary>The windows of one text.</summary>
    /// <param name="first">The token before it.</param>
    /// <param name="ids">Its tokens.</param>
    /// <param name="length">Tokens of a window's input, and tokens predicted in it at most.</param>
    public static IEnumerable<ContinuationTokens> Cut(int first, int[] ids, int length)
    {
        for (int start = 0; start < ids.Length; start += length)
        {
            int end = Math.Min(start + length, ids.Length);
            yield return new ContinuationTokens(start == 0 ? [first] : ids[(end - length - 1)..start], ids[start..end]);
        }
    }
}
