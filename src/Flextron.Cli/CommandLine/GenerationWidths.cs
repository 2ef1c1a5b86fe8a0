using System.Globalization;
using Flextron.Inference;
using Flextron.Inference.Decoding;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Routing.Decoding;
using Flextron.Routing.Dynamic;
using Flextron.Selection;

namespace Flextron.Cli.CommandLine;

/// <summary>With which widths texts are generated: one sub-network, or dynamic routers within a budget.</summary>
/// <param name="Network">The sub-network; null where routers choose.</param>
/// <param name="Tokens">The routers' budget; null where one network serves.</param>
/// <param name="PredictedMs">Milliseconds per token by the decode table, where one was asked.</param>
internal sealed record GenerationWidths(SubNetwork? Network, TokenBudget? Tokens, double? PredictedMs)
{
    /// <summary>Resolves a budget as <c>--budget</c> or <c>--latency</c> take it.</summary>
    /// <param name="loaded">The family.</param>
    /// <param name="generator">Generates; its engine is what latencies are measured with.</param>
    /// <param name="budget">As <see cref="BudgetArgument"/> reads it.</param>
    /// <param name="perToken">Whether it is a budget of time per generated token, by a decode table.</param>
    /// <param name="dynamic">Whether routers choose for every token.</param>
    /// <param name="context">Shows measuring.</param>
    /// <exception cref="FlextronException">It cannot be kept, or needs what is not there.</exception>
    public static GenerationWidths Of(LoadedModel loaded, TextGenerator generator, string budget, bool perToken, bool dynamic, CommandContext context)
    {
        Budget wanted = dynamic && budget == BudgetArgument.Full ? Budget.Parse("1") : budget == BudgetArgument.Full ? Budget.Parse("uniform:1") : Budget.Parse(budget);
        if (perToken && wanted.Kind is not (BudgetKind.LatencyShare or BudgetKind.Milliseconds))
            throw new FlextronException($"{budget} is no latency per token: give a share such as 0.6, or milliseconds such as 2ms.");
        LatencyTable? table = perToken ? DecodeTables.Find(loaded.Bundle, generator.Engine, progress: context, cancellation: context.Cancellation) : null;
        if (dynamic) return new GenerationWidths(null, TokenBudget.Of(loaded.Bundle, wanted, table?.DecodeStepCosts()), null);
        if (table is null) return new GenerationWidths(BudgetArgument.Resolve(budget, loaded.Bundle), null, null);
        SelectedNetwork selected = loaded.Bundle.ResolveDecoding(wanted, table);
        return new GenerationWidths(selected.SubNetwork, null, selected.Cost);
    }

    /// <summary>Generates with them.</summary>
    /// <returns>The text, and where routers chose the account that they kept.</returns>
    public (GeneratedText Text, BudgetController? Account) Generate(
        TextGenerator generator, string prompt, GenerationSettings settings, Action<string> show, CancellationToken cancellation)
    {
        (IStepRouter? router, BudgetController? account) = Begin(generator);
        return (generator.Generate(prompt, settings, Network, show, router, cancellation), account);
    }

    /// <summary>Generates several texts at once.</summary>
    /// <returns>The texts, each with the account of its own that routers kept.</returns>
    public IReadOnlyList<(GeneratedText Text, BudgetController? Account)> GenerateAll(TextGenerator generator, IReadOnlyList<string> prompts, GenerationSettings settings, CancellationToken cancellation)
    {
        (IStepRouter? Router, BudgetController? Account)[] begun = [.. prompts.Select(_ => Begin(generator))];
        return [.. generator.GenerateAll(prompts, settings, Network, Tokens is null ? null : i => begun[i].Router!, cancellation).Zip(begun, (text, b) => (text, b.Account))];
    }

    private (IStepRouter? Router, BudgetController? Account) Begin(TextGenerator generator)
    {
        // A prompt is no text to score: its tokens' widths may be chosen in view of all of it.
        RoutedChoices? choices = Tokens?.Begin(BudgetKeeping.Capacities);
        return (choices is null ? null : new PromptChoiceRouter(choices, new DynamicModel(generator.Model, Tokens!.Space)), choices?.Controller);
    }

    /// <summary>In one line for people.</summary>
    public override string ToString()
    {
        CultureInfo c = CultureInfo.InvariantCulture;
        if (Tokens is not null) return string.Create(c, $"routers choose for every token, on average at most {Tokens.TargetMs:0.####} ms by the table");
        string widths = Network!.ToString();
        return PredictedMs is { } ms ? string.Create(c, $"{widths}, {ms:0.####} ms a token by the table") : widths;
    }
}
