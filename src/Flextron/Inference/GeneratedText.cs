namespace Flextron.Inference;

/// <summary>A continuation.</summary>
/// <param name="Text">What follows the prompt.</param>
/// <param name="PromptIds">The prompt's ids, a beginning-of-sequence id included.</param>
/// <param name="Ids">The generated ids, without the one that ended the text.</param>
/// <param name="Stopped">Why it ended.</param>
/// <param name="PromptSeconds">Time to read the prompt.</param>
/// <param name="Seconds">Time to generate, without reading the prompt.</param>
/// <param name="Steps">Tokens that the model read in that time: a generated one is not read where nothing follows it.</param>
public sealed record GeneratedText(
    string Text, IReadOnlyList<int> PromptIds, IReadOnlyList<int> Ids, StopReason Stopped, double PromptSeconds, double Seconds, int Steps)
{
    /// <summary>Decode steps a second: the first token comes with the prompt and is not counted; 0 where no other was read.</summary>
    public double TokensPerSecond => Steps > 0 && Seconds > 0 ? Steps / Seconds : 0;
}
