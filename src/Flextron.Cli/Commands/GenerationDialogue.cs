using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Inference;
using Flextron.Routing.Dynamic;

namespace Flextron.Cli.Commands;

/// <summary>
/// Prompts typed line by line, each continued at once. Lines that begin with a slash change the budget or the settings for what comes after;
/// the model stays loaded, and a narrower network is a slice of it.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="generator">Generates with it.</param>
/// <param name="settings">How texts are continued at first.</param>
/// <param name="widths">With which widths at first.</param>
/// <param name="wanted">The budget that they were resolved from, and whether it is one of time per token.</param>
/// <param name="dynamic">Whether routers choose at first.</param>
/// <param name="context">Where lines are read and shown.</param>
internal sealed class GenerationDialogue(
    LoadedModel loaded, TextGenerator generator, GenerationSettings settings, GenerationWidths widths, (string Budget, bool PerToken) wanted, bool dynamic, CommandContext context)
{
    private const string Help = """
        A line is a prompt. Lines with a slash:
          /budget B              full, 0.5 (share of the full latency), 12ms, 300MB, 5M (parameters), uniform:0.5, or a JSON file
          /latency L             time per generated token: 0.6 of the whole network's, or 2ms
          /dynamic on|off        have dynamic routers choose for every token; with /budget or /latency
          /more                  go on with the last text
          /max-tokens N  /temperature T  /top-k K  /top-p P  /repetition-penalty R  /seed N
          /stop TEXT             end texts before TEXT; without TEXT end at none
          /settings  /help  /quit
        """;

    private string last = "";

    /// <summary>Reads and answers until the input ends.</summary>
    /// <returns>Texts generated.</returns>
    public int Run()
    {
        context.Message($"{widths}. /help shows what can be changed, /quit ends.");
        int texts = 0;
        while (Line() is { } line)
        {
            if (line is "/quit" or "/exit") break;
            try
            {
                if (line.Length > 0 && line[0] == '/' && line != "/more") Obey(line);
                else if (line.Length > 0)
                {
                    Continue(line == "/more" ? last : line);
                    texts++;
                }
            }
            catch (FlextronException e)
            {
                context.Message(e.Message);
            }
        }
        return texts;
    }

    private string? Line()
    {
        context.Stream!.Write("> ");
        context.Stream.Flush();
        return context.Input.ReadLine();
    }

    private void Continue(string prompt)
    {
        (GeneratedText text, BudgetController? account) = widths.Generate(generator, prompt, settings, piece =>
        {
            context.Stream!.Write(piece);
            context.Stream.Flush();
        }, context.Cancellation);
        context.Stream!.WriteLine();
        context.Message(GenerateCommand.Summary(text, account));
        last = prompt + text.Text;
    }

    private void Obey(string line)
    {
        string[] parts = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        string value = parts.Length > 1 ? parts[1] : "";
        switch (parts[0])
        {
            case "/help":
                context.Stream!.WriteLine(Help);
                return;
            case "/settings":
                break;
            case "/budget" or "/latency":
                if (value.Length == 0) throw new FlextronException($"{parts[0]} needs a value, such as {parts[0]} 0.5.");
                Resolve((value, parts[0] == "/latency"), dynamic);
                break;
            case "/dynamic":
                Resolve(wanted, value switch
                {
                    "on" or "" => true,
                    "off" => false,
                    _ => throw new FlextronException($"\"{value}\" is neither on nor off."),
                });
                break;
            default:
                settings = Changed(parts[0], value).Validated();
                break;
        }
        context.Message(string.Create(CultureInfo.InvariantCulture,
            $"{widths}; at most {settings.MaximumTokens} tokens, temperature {settings.Temperature}, top-k {settings.TopK}, top-p {settings.TopP}, repetition penalty {settings.RepetitionPenalty}, seed {settings.Seed}{(settings.Stops.Count > 0 ? $", stops: {string.Join(", ", settings.Stops.Select(s => $"\"{s}\""))}" : "")}"));
    }

    // What fails changes nothing.
    private void Resolve((string Budget, bool PerToken) budget, bool byToken)
    {
        widths = GenerationWidths.Of(loaded, generator, budget.Budget, budget.PerToken, byToken, context);
        (wanted, dynamic) = (budget, byToken);
    }

    private GenerationSettings Changed(string name, string value)
    {
        double Number() => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : throw NotANumber();
        int Whole() => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : throw NotANumber();
        FlextronException NotANumber() => new($"\"{value}\" after {name} is not a number that it can take.");
        return name switch
        {
            "/max-tokens" => settings with { MaximumTokens = Whole() },
            "/temperature" => settings with { Temperature = Number() },
            "/top-k" => settings with { TopK = Whole() },
            "/top-p" => settings with { TopP = Number() },
            "/repetition-penalty" => settings with { RepetitionPenalty = Number() },
            "/seed" => settings with { Seed = Whole() },
            "/stop" => settings with { Stops = value.Length == 0 ? [] : [.. settings.Stops, value.Replace("\\n", "\n", StringComparison.Ordinal)] },
            _ => throw new FlextronException($"There is no {name}: /help shows what there is."),
        };
    }
}
