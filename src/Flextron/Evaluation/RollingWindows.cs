using Flextron.Evaluation.Scoring;
using Flextron.Tokenization;

namespace Flextron.Evaluation;

/// <summary>
/// Cuts a text into disjoint windows in which every token is predicted once: the first of a window from one token of context, the last of the window
/// before, or BOS, else EOS, at the beginning.
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
    /// <param name="length">Tokens predicted in a window at most.</param>
    public static IEnumerable<ContinuationTokens> Cut(int first, int[] ids, int length)
    {
        for (int start = 0; start < ids.Length; start += length)
            yield return new ContinuationTokens([start == 0 ? first : ids[start - 1]], ids[start..Math.Min(start + length, ids.Length)]);
    }
}
