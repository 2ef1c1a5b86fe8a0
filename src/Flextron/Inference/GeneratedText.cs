namespace Flextron.Inference;

/// <summary>A continuation.</summary>
/// <param name="Text">What follows the prompt.</param>
/// <param name="PromptIds">The prompt's ids, a beginning-of-sequence id included.</param>
/// <param name="Ids">The generated ids, without the one that ended the text.</param>
/// <param name="Stopped">Why it ended.</param>
/// <param name="PromptSeconds">Time to read the prompt.</param>
/// <param name="Seconds">Time to generate, without reading the prompt.</param>
public sealed record GeneratedText(
    string Text, IReadOnlyList<int> PromptIds, IReadOnlyList<int> Ids, StopReason Stopped, double PromptSeconds, double Seconds)
{
    /// <summary>Generated tokens a second; 0 where nothing was generated.</summary>
    public double TokensPerSecond => Ids.Count > 0 && Seconds > 0 ? Ids.Count / Seconds : 0;
}
