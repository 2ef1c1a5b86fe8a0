using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Data;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Training;

namespace Flextron.Cli.Commands;

/// <summary><c>rank</c>: importance of heads, groups, neurons, residual channels and blocks.</summary>
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
    private readonly Option<bool> depth = new("--depth") { Description = "Also ranks the blocks, by leaving out one after another: N(N + 1)/2 losses for N blocks." };
    private readonly Option<int> depthWindows = new("--depth-windows") { Description = "Windows of the text that every such loss is measured on.", HelpName = "n", DefaultValueFactory = _ => 16 };

    public RankCommand() : base(
        "rank", "Scores the importance of heads, neurons and residual channels on a text.",
        "One forward pass over the calibration text (FLEXTRON, section 3.1); the scores go to importance.json.",
        "rank my-model --corpus calibration.txt --out my-ranking",
        "rank my-model --corpus calibration.txt --out my-ranking --metric contribution --tokens 16384",
        "rank my-model --corpus calibration.txt --out my-ranking --depth")
    {
        model.AddTo(this);
        corpus.AddTo(this);
        foreach (Option option in (Option[])[folder, metric, tokens, window, depth, depthWindows]) Options.Add(option);
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
        if (context.Get(depth)) scores = scores with { Depth = RankBlocks(context, loaded.Model, calibration) };
        scores.Save(context.Get(folder));
        var json = new
        {
            blocks = scores.Blocks, channels = scores.Channels, depth = scores.Depth, metric = scores.Metric, tokens = scores.Tokens, corpusHash = scores.CorpusHash, @out = context.Get(folder),
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["block", "groups, best first", "most/least neuron"], scores.Blocks.Select((b, i) => new[]
            {
                i.ToString(c), string.Join(' ', scores.Order().Blocks[i].KvGroups), (b.Neurons.Max() / b.Neurons.Min()).ToString("0.0", c),
            }));
            if (scores.Depth is { } ranked) writer.WriteLine($"blocks, most needed first: {string.Join(' ', ranked.Order)}");
            writer.WriteLine(string.Create(c, $"ranked on {scores.Tokens} tokens; next: flextron elastify MODEL --ranking {context.Get(folder)} --out FAMILY"));
        });
    }

    private BlockRanking RankBlocks(CommandContext context, DecoderModel network, TokenCorpus calibration)
    {
        if (context.Get(depthWindows) < 1) throw new FlextronException($"Ranking blocks on {context.Get(depthWindows)} windows is not possible: give --depth-windows 1 or more.");
        var text = new HeldOutLoss(calibration, ImportanceRanker.WindowLength(network.Config, calibration, context.Get(window)), context.Get(depthWindows));
        return BlockRanking.Measure(network.Config, n => text.Of(network, n).Mean, context, context.Cancellation);
    }
}
