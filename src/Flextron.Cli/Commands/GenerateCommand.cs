using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Inference;
using Flextron.Inference.Kernels;
using Flextron.Routing.Dynamic;

namespace Flextron.Cli.Commands;

/// <summary><c>generate</c>: continues a text.</summary>
internal sealed class GenerateCommand : VerbCommand
{
    private readonly ModelArgument model = new();
    private readonly Option<string[]> prompt = new("--prompt") { Description = "What to continue; empty begins a text. Given several times, the texts are made at once, each reading of the weights serving them all.", HelpName = "text" };
    private readonly Option<string> budget = BudgetArgument.Option();
    private readonly Option<string?> latency = new("--latency")
    {
        Description = "A budget of time per generated token in place of --budget: 0.6 of the whole network's, or 2ms. Measured here where there is no table yet.", HelpName = "share",
    };
    private readonly Option<bool> dynamic = new("--dynamic") { Description = "Have the family's dynamic routers choose the widths of every token, on average within the budget." };
    private readonly Option<bool> interactive = new("--interactive") { Description = "Read prompts line by line; /help shows what can be changed in between." };
    private readonly SamplingOptions sampling = new();
    private readonly Option<WeightFormat> weights = WeightsOption.Create();

    public GenerateCommand() : base(
        "generate", "Continues a text.",
        "The text appears as it is made; with --json it comes whole, without the prompt. It ends where the model ends it or the context is full.",
        "generate my-model --prompt \"Once upon a time\" --max-tokens 100",
        "generate my-family --latency 0.6 --temperature 0.8 --top-p 0.9 --seed 7",
        "generate my-routed-family --budget 0.5 --dynamic --prompt \"Once upon a time\"",
        "generate my-model --weights int8 --stop \"\\n\" --repetition-penalty 1.1",
        "generate my-model --prompt \"Once upon a time\" --prompt \"One day\" --json",
        "generate my-family --interactive")
    {
        model.AddTo(this);
        foreach (Option option in (Option[])[prompt, budget, latency, dynamic, interactive]) Options.Add(option);
        sampling.AddTo(this);
        Options.Add(weights);
    }

    public override string HowToGoOn => "run the same command again for the whole text";

    public override VerbResult Execute(CommandContext context)
    {
        GenerationSettings settings = sampling.Read(context);
        if (context.Given(latency) && context.Given(budget)) throw new FlextronException("--latency and --budget each say how wide the network is: give one of them.");
        if (context.Get(interactive) && (context.Json || context.Given(prompt)))
            throw new FlextronException("--interactive reads its prompts from the terminal and shows text: leave --json and --prompt out.");
        using LoadedModel loaded = model.Load(context, mixtures: true);
        if (loaded.Mixture is not null && (context.Given(latency) || context.Get(dynamic)))
            throw new FlextronException("A Mixture-of-Depths model chooses by its own routers, at the capacity that it was trained for: leave --latency and --dynamic out (`profile --decode` measures what a token takes).");
        using var generator = new TextGenerator(loaded.Model, loaded.Tokenizer, context.Get(weights)) { Mixture = loaded.Mixture };
        (string Budget, bool PerToken) wanted = (context.Get(latency) ?? context.Get(budget), context.Given(latency));
        GenerationWidths widths = GenerationWidths.Of(loaded, generator, wanted.Budget, wanted.PerToken, context.Get(dynamic), context);
        if (context.Get(interactive))
        {
            int texts = new GenerationDialogue(loaded, generator, settings, widths, wanted, context.Get(dynamic), context).Run();
            return new VerbResult(new { texts }, _ => { });
        }
        string[] prompts = context.Get(prompt) is { Length: > 0 } given ? given : [""];
        if (prompts.Length > 1) return Several(generator, widths, prompts, settings, context);
        void Show(string piece)
        {
            context.Stream?.Write(piece);
            context.Stream?.Flush();
        }

        Show(prompts[0]);
        (GeneratedText result, BudgetController? account) = widths.Generate(generator, prompts[0], settings, Show, context.Cancellation);
        // The text's line ends first: on a terminal both streams are one.
        context.Stream?.WriteLine();
        if (!context.Json) context.Message(Summary(result, account));
        var json = new
        {
            text = result.Text, ids = result.Ids, tokensPerSecond = result.TokensPerSecond, prompt = prompts[0], promptIds = result.PromptIds,
            promptSeconds = result.PromptSeconds, seconds = result.Seconds, stopped = result.Stopped,
            budget = context.Given(latency) ? null : context.Get(budget), latency = context.Get(latency), network = widths.Network?.ToString(),
            predictedMs = widths.PredictedMs,
            dynamic = Spent(account, widths),
        };
        return new VerbResult(json, _ => { });
    }

    // Several texts appear whole, one after the other: as they are made, they would be mixed.
    private static VerbResult Several(TextGenerator generator, GenerationWidths widths, string[] prompts, GenerationSettings settings, CommandContext context)
    {
        long began = Stopwatch.GetTimestamp();
        IReadOnlyList<(GeneratedText Text, BudgetController? Account)> results = widths.GenerateAll(generator, prompts, settings, context.Cancellation);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds, rate = results.Sum(r => r.Text.Ids.Count) / seconds;
        var json = new
        {
            texts = results.Select((r, i) => new { text = r.Text.Text, ids = r.Text.Ids, prompt = prompts[i], promptIds = r.Text.PromptIds, stopped = r.Text.Stopped, dynamic = Spent(r.Account, widths) }),
            tokensPerSecond = rate, seconds, network = widths.Network?.ToString(), predictedMs = widths.PredictedMs,
        };
        if (!context.Json) context.Message(string.Create(CultureInfo.InvariantCulture, $"{results.Sum(r => r.Text.Ids.Count)} tokens of {prompts.Length} texts, {rate:0.0} a second with reading the prompts"));
        return new VerbResult(json, writer => writer.WriteLine(string.Join(Environment.NewLine + Environment.NewLine, results.Select((r, i) => prompts[i] + r.Text.Text))));
    }

    /// <summary>How a generation went, in one line.</summary>
    public static string Summary(GeneratedText result, BudgetController? account)
    {
        CultureInfo c = CultureInfo.InvariantCulture;
        string line = string.Create(c, $"{result.Ids.Count} tokens, {result.TokensPerSecond:0.0} a second, stopped: {Words(result.Stopped)}");
        return account is null ? line : line + string.Create(c, $"; {account.MeanCost(0):0.####} ms a token by the table, never above {account.WorstRatio(0):0.000} of the budget");
    }

    // What routers have spent on a text; null where they did not choose.
    private static object? Spent(BudgetController? account, GenerationWidths widths) =>
        account is null ? null : new { meanMs = account.MeanCost(0), targetMs = widths.Tokens!.TargetMs, worstRatio = account.WorstRatio(0), tokens = account.Tokens };

    private static string Words(StopReason reason) => reason switch
    {
        StopReason.EndOfText => "end of text",
        StopReason.ContextFull => "context full",
        StopReason.StopString => "stop string",
        _ => "token limit",
    };
}
