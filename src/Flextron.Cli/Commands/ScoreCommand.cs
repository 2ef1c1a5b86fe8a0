using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Inference;
using Flextron.Models;

namespace Flextron.Cli.Commands;

/// <summary><c>score</c>: next-token log-probabilities of a text.</summary>
internal sealed class ScoreCommand : VerbCommand
{
    private readonly ModelArgument model = new();
    private readonly TextOption text = new();
    private readonly Option<string> budget = BudgetArgument.Option();

    public ScoreCommand() : base(
        "score", "Computes next-token log-probabilities of a text.",
        "Every token after the first is scored, in nats. Texts longer than the context are cut into windows with one token of context.",
        "score my-model --text \"Once upon a time\"",
        "score my-family --file story.txt --budget uniform:0.5 --json")
    {
        model.AddTo(this);
        text.AddTo(this);
        Options.Add(budget);
    }

    public override VerbResult Execute(CommandContext context)
    {
        string input = text.Read(context);
        using LoadedModel loaded = model.Load(context);
        SubNetwork network = BudgetArgument.Resolve(context.Get(budget), loaded.Bundle);
        int[] ids = loaded.Encode(input);
        double[] logprobs = TextScorer.LogProbabilities(loaded.Model, ids, network);
        double total = -logprobs.Sum(), mean = total / logprobs.Length;
        int characters = input.EnumerateRunes().Count();
        var json = new
        {
            ids, logprobs, meanNll = mean, perplexity = Math.Exp(mean), nllPerCharacter = total / characters,
            tokens = ids.Length, characters, windows = (logprobs.Length - 1) / loaded.Model.Config.ContextLength + 1, budget = context.Get(budget),
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
}
