using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Inference;
using Flextron.Inference.Kernels;

namespace Flextron.Cli.Commands;

/// <summary><c>generate</c>: continues a text.</summary>
internal sealed class GenerateCommand : VerbCommand
{
    private static readonly GenerationSettings Defaults = new();
    private readonly ModelArgument model = new();
    private readonly Option<string> prompt = new("--prompt") { Description = "What to continue; empty begins a text.", HelpName = "text", DefaultValueFactory = _ => "" };
    private readonly Option<string> budget = BudgetArgument.Option();
    private readonly Option<int> maximumTokens = new("--max-tokens") { Description = "Most tokens to generate.", HelpName = "n", DefaultValueFactory = _ => Defaults.MaximumTokens };
    private readonly Option<double> temperature = new("--temperature") { Description = "0 takes the most probable token each time.", HelpName = "t", DefaultValueFactory = _ => Defaults.Temperature };
    private readonly Option<int> topK = new("--top-k") { Description = "Draw among so many most probable tokens; 0 for all.", HelpName = "k", DefaultValueFactory = _ => Defaults.TopK };
    private readonly Option<double> topP = new("--top-p") { Description = "Draw among the fewest tokens with this probability together; 1 for all.", HelpName = "p", DefaultValueFactory = _ => Defaults.TopP };
    private readonly Option<double> repetitionPenalty = new("--repetition-penalty") { Description = "Makes what the text already has less probable; 1 for not.", HelpName = "r", DefaultValueFactory = _ => Defaults.RepetitionPenalty };
    private readonly Option<string[]> stops = new("--stop") { Description = "End before this string; may be given several times.", HelpName = "text", DefaultValueFactory = _ => [] };
    private readonly Option<WeightFormat> weights = WeightsOption.Create();

    public GenerateCommand() : base(
        "generate", "Continues a text.",
        "The text appears as it is made; with --json it comes whole, without the prompt. It ends where the model ends it or the context is full.",
        "generate my-model --prompt \"Once upon a time\" --max-tokens 100",
        "generate my-family --budget uniform:0.5 --temperature 0.8 --top-p 0.9 --seed 7",
        "generate my-model --weights int8 --stop \"\\n\" --repetition-penalty 1.1",
        "generate stories260K.bin --max-tokens 60 --json")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[prompt, budget, maximumTokens, temperature, topK, topP, repetitionPenalty, stops, weights]) Options.Add(option);
    }

    public override string HowToGoOn => "run the same command again for the whole text";

    public override VerbResult Execute(CommandContext context)
    {
        GenerationSettings settings = new GenerationSettings
        {
            MaximumTokens = context.Get(maximumTokens), Temperature = context.Get(temperature), TopK = context.Get(topK), TopP = context.Get(topP), Seed = context.Seed,
            RepetitionPenalty = context.Get(repetitionPenalty), Stops = context.Get(stops),
        }.Validated();
        using LoadedModel loaded = model.Load(context);
        Models.SubNetwork network = BudgetArgument.Resolve(context.Get(budget), loaded.Bundle);
        void Show(string piece)
        {
            context.Stream?.Write(piece);
            context.Stream?.Flush();
        }

        Show(context.Get(prompt));
        using var generator = new TextGenerator(loaded.Model, loaded.Tokenizer, context.Get(weights));
        GeneratedText result = generator.Generate(context.Get(prompt), settings, network, Show, cancellation: context.Cancellation);
        if (!context.Json)
            context.Message(string.Create(CultureInfo.InvariantCulture, $"{result.Ids.Count} tokens, {result.TokensPerSecond:0.0} a second, stopped: {Words(result.Stopped)}"));
        var json = new
        {
            text = result.Text, ids = result.Ids, tokensPerSecond = result.TokensPerSecond, prompt = context.Get(prompt), promptIds = result.PromptIds,
            promptSeconds = result.PromptSeconds, seconds = result.Seconds, stopped = result.Stopped, budget = context.Get(budget),
        };
        return new VerbResult(json, writer => writer.WriteLine());
    }

    private static string Words(StopReason reason) => reason switch
    {
        StopReason.EndOfText => "end of text",
        StopReason.ContextFull => "context full",
        StopReason.StopString => "stop string",
        _ => "token limit",
    };
}
