using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>Reads tokens of one sequence in blocks, or one by one where a router chooses for each and does not read prompts at once.</summary>
internal static class SequenceReading
{
    /// <summary>Reads.</summary>
    /// <param name="pass">Passes the tokens through the network.</param>
    /// <param name="engine">The model.</param>
    /// <param name="slices">Checks the network.</param>
    /// <param name="cache">The sequence's.</param>
    /// <param name="capacity">Tokens that it has room for.</param>
    /// <param name="length">Tokens that the sequence has; those read are added.</param>
    /// <param name="tokens">At least one id.</param>
    /// <param name="network">With which slice; the widest there is room for where null.</param>
    /// <param name="router">Decides instead.</param>
    /// <returns>The logits after the last, valid until the next pass.</returns>
    /// <exception cref="FlextronException">They do not fit, an id is outside the vocabulary, the slice does not fit, or the router failed. Nothing of them is then kept.</exception>
    public static ReadOnlySpan<float> Read(
        DecodePass pass, DecodeEngine engine, SliceCheck slices, DecodeCache cache, int capacity, ref int length, scoped ReadOnlySpan<int> tokens, SubNetwork? network, IStepRouter? router)
    {
        if (tokens.IsEmpty) throw new FlextronException("There are no tokens to read: give at least one.");
        if (tokens.Length > capacity - length)
            throw new FlextronException($"{(long)length + tokens.Length} tokens do not fit the session's {capacity}: begin a longer one, or Reset it.");
        foreach (int token in tokens) engine.RequireId(token);
        SubNetwork? slice = router is null ? slices.Of(network) : null;
        int block = router is null ? pass.BlockTokens : 1, start = length;
        try
        {
            // The last token's logits begin what follows: it is the first that such a router decides by itself.
            if (router is IPromptRouter prompts && length == 0 && tokens.Length > 1)
            {
                prompts.ReadPrompt(tokens[..^1], cache);
                length = tokens.Length - 1;
            }
            for (int at = length - start; at < tokens.Length; at += block)
            {
                int count = Math.Min(block, tokens.Length - at);
                pass.Forward(tokens.Slice(at, count), cache, length, slice, router, logits: at + count == tokens.Length);
                length += count;
            }
        }
        catch
        {
            cache.TruncateTo(start);
            length = start;
            throw;
        }
        return pass.Logits();
    }
}
