namespace Flextron.Inference;

/// <summary>How a text is continued.</summary>
public sealed record GenerationSettings
{
    /// <summary>Most tokens to generate; fewer where the model ends the text or its context is full.</summary>
    public int MaximumTokens { get; init; } = 128;

    /// <summary>0 always takes the most probable token; 1 draws from the model's own distribution; higher is flatter.</summary>
    public double Temperature { get; init; }

    /// <summary>Draws only among so many most probable tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Draws only among the fewest most probable tokens that together have this probability (Holtzman et al., arXiv 1904.09751); 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Divides the logits of tokens that the text already has, or multiplies them where they are negative (Keskar et al., arXiv 1909.05858); 1 for none.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>The text ends before the first of these strings.</summary>
    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>Seed of the draws.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public GenerationSettings Validated()
    {
        static void Require(bool holds, FormattableString what)
        {
            if (!holds) throw new FlextronException(FormattableString.Invariant(what) + ".");
        }

        Require(MaximumTokens >= 1, $"A generation of {MaximumTokens} tokens is not possible: give 1 or more");
        Require(Temperature >= 0 && double.IsFinite(Temperature), $"A temperature of {Temperature} is not possible: give 0 or more");
        Require(TopK >= 0, $"A top-k of {TopK} is not possible: give 0 for all tokens, or more");
        Require(TopP is > 0 and <= 1, $"A top-p of {TopP} is not possible: give more than 0, at most 1");
        Require(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), $"A repetition penalty of {RepetitionPenalty} is not possible: give 1 for none, or more");
        Require(Stops is not null && Stops.All(s => !string.IsNullOrEmpty(s)), $"An empty stop string would end every text: leave it out");
        return this;
    }
}
