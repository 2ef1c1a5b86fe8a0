using System.CommandLine;
using Flextron.Inference;

namespace Flextron.Cli.CommandLine;

/// <summary>The options that say how a text is continued.</summary>
internal sealed class SamplingOptions
{
    private static readonly GenerationSettings Defaults = new();
    private readonly Option<int> maximumTokens = new("--max-tokens") { Description = "Most tokens to generate.", HelpName = "n", DefaultValueFactory = _ => Defaults.MaximumTokens };
    private readonly Option<double> temperature = new("--temperature") { Description = "0 takes the most probable token each time.", HelpName = "t", DefaultValueFactory = _ => Defaults.Temperature };
    private readonly Option<int> topK = new("--top-k") { Description = "Draw among so many most probable tokens; 0 for all.", HelpName = "k", DefaultValueFactory = _ => Defaults.TopK };
    private readonly Option<double> topP = new("--top-p") { Description = "Draw among the fewest tokens with this probability together; 1 for all.", HelpName = "p", DefaultValueFactory = _ => Defaults.TopP };
    private readonly Option<double> repetitionPenalty = new("--repetition-penalty") { Description = "Makes what the text already has less probable; 1 for not.", HelpName = "r", DefaultValueFactory = _ => Defaults.RepetitionPenalty };
    private readonly Option<string[]> stops = new("--stop") { Description = "End before this string; may be given several times.", HelpName = "text", DefaultValueFactory = _ => [] };

    /// <summary>Adds them to a verb.</summary>
    public SamplingOptions AddTo(Command command)
    {
        foreach (Option option in (Option[])[maximumTokens, temperature, topK, topP, repetitionPenalty, stops]) command.Options.Add(option);
        return this;
    }

    /// <summary>What was typed.</summary>
    /// <exception cref="FlextronException">A value is outside its range.</exception>
    public GenerationSettings Read(CommandContext context) => new GenerationSettings
    {
        MaximumTokens = context.Get(maximumTokens), Temperature = context.Get(temperature), TopK = context.Get(topK), TopP = context.Get(topP), Seed = context.Seed,
        RepetitionPenalty = context.Get(repetitionPenalty), Stops = context.Get(stops),
    }.Validated();
}
