using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Data;
using Flextron.Importance;

namespace Flextron.Cli.Commands;

/// <summary><c>rank</c>: importance of heads, groups and neurons.</summary>
internal sealed class RankCommand : VerbCommand
{
    private readonly ModelArgument model = new();
    private readonly CorpusOption corpus = new("Calibration text");
    private readonly Option<string> folder = new("--out") { Description = $"Folder for {ImportanceScores.FileName}.", HelpName = "dir", Required = true };
    private readonly Option<NeuronMetric> metric = new("--metric")
    {
        Description = "How neurons are scored: gatedActivation, preActivation or contribution.", HelpName = "name", DefaultValueFactory = _ => NeuronMetric.GatedActivation,
    };
    private readonly Option<int> tokens = new("--tokens") { Description = "Calibration tokens, from the start of the text.", HelpName = "n", DefaultValueFactory = _ => 65536 };
    private readonly Option<int> window = new("--window") { Description = "Tokens per window; 0 for the model's context.", HelpName = "n", DefaultValueFactory = _ => 256 };

    public RankCommand() : base(
        "rank", "Scores the importance of heads and neurons on a text.",
        "One forward pass over the calibration text (FLEXTRON, section 3.1); the scores go to importance.json.",
        "rank my-model --corpus calibration.txt --out my-ranking",
        "rank my-model --corpus calibration.txt --out my-ranking --metric contribution --tokens 16384")
    {
        model.AddTo(this);
        corpus.AddTo(this);
        foreach (Option option in (Option[])[folder, metric, tokens, window]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        int count = context.Get(tokens);
        if (count < 2) throw new FlextronException($"A calibration of {count} tokens is not possible: give 2 or more.");
        DocumentSource text = corpus.Open(context);
        using LoadedModel loaded = model.Load(context);
        // The last token of a window is only a target, so that one more is needed than is ranked.
        TokenCorpus calibration = loaded.Corpus(text.Documents, context, count == int.MaxValue ? count : count + 1);
        ImportanceScores scores = ImportanceRanker.Rank(
            loaded.Model, calibration, context.Get(metric), count, windowLength: Math.Max(0, context.Get(window)), progress: context)
            with { CorpusPath = Path.GetFullPath(corpus.Path(context)!) };
        scores.Save(context.Get(folder));
        var json = new { blocks = scores.Blocks, metric = scores.Metric, tokens = scores.Tokens, corpusHash = scores.CorpusHash, @out = context.Get(folder) };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["block", "groups, best first", "most/least neuron"], scores.Blocks.Select((b, i) => new[]
            {
                i.ToString(c), string.Join(' ', scores.Order().Blocks[i].KvGroups), (b.Neurons.Max() / b.Neurons.Min()).ToString("0.0", c),
            }));
            writer.WriteLine(string.Create(c, $"ranked on {scores.Tokens} tokens; next: flextron elastify MODEL --ranking {context.Get(folder)} --out FAMILY"));
        });
    }
}
