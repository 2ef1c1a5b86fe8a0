namespace Flextron.Inference.Decoding;

/// <summary>A router that reads a prompt at once, widths of its tokens chosen in view of all of them, before it decides token by token.</summary>
public interface IPromptRouter : IStepRouter
{
    /// <summary>Reads the beginning of a sequence: every token's keys and values, no logits. What it is given has been validated.</summary>
    /// <param name="tokens">At least one id.</param>
    /// <param name="kept">Takes the keys and values.</param>
    /// <exception cref="FlextronException">It keeps groups that there is no room for. The sequence is then as it was.</exception>
    void ReadPrompt(ReadOnlySpan<int> tokens, IPromptKeys kept);
}
