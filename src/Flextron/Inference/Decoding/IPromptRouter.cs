namespace Flextron.Inference.Decoding;

/// <summary>A router that reads a prompt at once, widths of its tokens chosen in view of all of them, before it decides token by token.</summary>
public interface IPromptRouter : IStepRouter
{
    /// <summary>Reads the beginning of a sequence into an empty session: every token's keys and values, no logits.</summary>
    /// <param name="tokens">At least one id.</param>
    /// <param name="session">Holds nothing yet.</param>
    /// <exception cref="FlextronException">They do not fit, or an id is outside the vocabulary.</exception>
    void ReadPrompt(ReadOnlySpan<int> tokens, DecodeSession session);
}
