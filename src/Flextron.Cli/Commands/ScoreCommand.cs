using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Inference;
using Flextron.MixtureOfDepths;
using Flextron.Routing.Dynamic;
using Flextron.Selection;

namespace Flextron.Cli.Commands;

/// <summary><c>score</c>: next-token log-probabilities of a text.</summary>
internal sealed class ScoreCommand : VerbCommand
{
    private readonly ModelArgument model = new();
    private readonly TextOption text = new();
    private readonly Option<string> budget = BudgetArgument.Option();
    private readonly Option<bool> dynamic = new("--dynamic") { Description = "Have the family's dynamic routers choose the widths of every token, on average within the budget." };
    private readonly Option<bool> topK = NonCausalOption.Create();

    public ScoreCommand() : base(
        "score", "Computes next-token log-probabilities of a text.",
        "Every token after the first is scored, in nats. Texts longer than the context are cut into windows with one token of context.",
        "score my-model --text \"Once upon a time\"",
        "score my-family --file story.txt --budget uniform:0.5 --json",
        "score my-routed-family --file story.txt --budget 0.5 --dynamic",
        "score my-mixture --file story.txt")
    {
        model.AddTo(this);
        text.AddTo(this);
        Options.Add(budget);
        Options.Add(dynamic);
        Options.Add(topK);
    }

    public override VerbResult Execute(CommandContext context)
    {
        string input = text.Read(context);
        using LoadedModel loaded = model.Load(context, mixtures: true);
        ITokenSelector? selector = NonCausalOption.Selector(loaded, context.Get(topK));
        if (selector is not null && context.Get(dynamic))
            throw new FlextronException("A Mixture-of-Depths model chooses by its own routers: leave --dynamic out.");
        int[] ids = loaded.Encode(input);
        var accounts = new List<BudgetController>();
        double[] logprobs = context.Get(dynamic) ? ByToken(loaded, ids, context, accounts)
            : selector is not null ? TextScorer.LogProbabilities(loaded.Mixture!, ids, selector, BudgetArgument.Resolve(context.Get(budget), loaded.Bundle))
            : TextScorer.LogProbabilities(loaded.Model, ids, BudgetArgument.Resolve(context.Get(budget), loaded.Bundle));
        double total = -logprobs.Sum(), mean = total / logprobs.Length;
        int characters = input.EnumerateRunes().Count();
        var json = new
        {
            ids, logprobs, meanNll = mean, perplexity = Math.Exp(mean), nllPerCharacter = total / characters,
            tokens = ids.Length, characters, windows = (logprobs.Length - 1) / loaded.Model.Config.ContextLength + 1, budget = context.Get(budget),
            mixture = NonCausalOption.Described(loaded, context.Get(topK)),
            dynamic = accounts.Count == 0 ? null : new { meanMs = accounts.Sum(a => a.MeanCost(0) * a.Tokens) / accounts.Sum(a => a.Tokens), worstRatio = accounts.Max(a => a.WorstRatio(0)) },
        };
        string[] tokens = [.. ids.Skip(1).Select(loaded.Tokenizer.TokenText)];
        return new VerbResult(json, writer =>
        {
            TextTable.Write(writer, ["token", "id", "log-probability"], tokens.Select((t, i) => new[]
            {
                t, ids[i + 1].ToString(CultureInfo.InvariantCulture), logprobs[i].ToString("0.00000", CultureInfo.InvariantCulture),
            }));
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{logprobs.Length} tokens: mean negative log-likelihood {json.meanNll:0.00000}, perplexity {json.perplexity:0.0000}, per character {json.nllPerCharacter:0.00000}"));
        });
    }

    // Every window is a sequence of its own, and has an account of its own.
    private double[] ByToken(LoadedModel loaded, int[] ids, CommandContext context, List<BudgetController> accounts)
    {
        TokenBudget tokens = TokenBudget.Of(loaded.Bundle, Budget.Parse(context.Get(budget) == BudgetArgument.Full ? "1" : context.Get(budget)));
        return TextScorer.LogProbabilities(new DynamicModel(loaded.Model, loaded.Family.Space), ids, () =>
        {
            RoutedChoices choices = tokens.Begin();
            accounts.Add(choices.Controller!);
            return choices;
        });
    }
}
