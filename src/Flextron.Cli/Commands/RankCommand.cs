using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Data;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Training;
using Flextron.Workbench.Studies;

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
    private readonly Option<int> subsets = new("--subsets") { Description = "Parts of the text whose scores are compared in the report.", HelpName = "n", DefaultValueFactory = _ => 4 };
    private readonly Option<bool> depth = new("--depth") { Description = "Also ranks the blocks, by leaving out one after another: N(N + 1)/2 losses for N blocks." };
    private readonly Option<int> depthWindows = new("--depth-windows") { Description = "Windows of the text that every such loss is measured on.", HelpName = "n", DefaultValueFactory = _ => 16 };

    public RankCommand() : base(
        "rank", "Scores the importance of heads, neurons and residual channels on a text.",
        "One pass over the calibration text gives every variant (FLEXTRON, section 3.1). The scores go to importance.json; report.html shows how far to trust them.",
        "rank my-model --corpus calibration.txt --out my-ranking",
        "rank my-model --corpus calibration.txt --out my-ranking --metric contribution --tokens 16384",
        "rank my-model --corpus calibration.txt --out my-ranking --depth")
    {
        model.AddTo(this);
        corpus.AddTo(this);
        foreach (Option option in (Option[])[folder, metric, tokens, window, subsets, depth, depthWindows]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        int count = context.Get(tokens);
        if (count < 2) throw new FlextronException($"A calibration of {count} tokens is not possible: give 2 or more.");
        DocumentSource text = corpus.Open(context);
        using LoadedModel loaded = model.Load(context);
        // The last token of a window is only a target, so that one more is needed than is ranked.
        TokenCorpus calibration = loaded.Corpus(text.Documents, context, count == int.MaxValue ? count : count + 1);
        var settings = new ImportanceSettings { MaximumTokens = count, WindowLength = Math.Max(0, context.Get(window)), Subsets = context.Get(subsets) };
        ImportanceMeasurement measured = ImportanceRanker.Measure(loaded.Model, calibration, settings, progress: context);
        ImportanceScores scores = measured.Scores(context.Get(metric)) with { CorpusPath = Path.GetFullPath(corpus.Path(context)!) };
        ImportanceReport report = measured.Report(context.Get(metric));
        if (context.Get(depth)) scores = scores with { Depth = RankBlocks(context, loaded.Model, calibration) };
        scores.Save(context.Get(folder));
        report.Save(context.Get(folder));
        string page = ImportanceFigures.Document(scores, report).Write(context.Get(folder));
        var json = new
        {
            blocks = scores.Blocks, channels = scores.Channels, depth = scores.Depth, metric = scores.Metric, tokens = scores.Tokens, corpusHash = scores.CorpusHash,
            forwardPasses = report.ForwardPasses, agreement = report.Blocks.Select(b => new { b.Variants, b.HeadsAcrossSubsets, b.NeuronsAcrossSubsets }), report = page, @out = context.Get(folder),
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            ImportanceOrder order = scores.Order();
            TextTable.Write(writer, ["block", "groups, best first", "top half of neurons", "heads agree", "neurons agree"], report.Blocks.Select((b, i) => new[]
            {
                i.ToString(c), string.Join(' ', order.Blocks[i].KvGroups), b.Neurons[scores.Metric].TopHalfShare.ToString("P1", c), Known(b.HeadsAcrossSubsets), Known(b.NeuronsAcrossSubsets[scores.Metric]),
            }));
            string Known(double? correlation) => correlation?.ToString("0.000", c) ?? "-";
            if (scores.Depth is { } ranked) writer.WriteLine($"blocks, most needed first: {string.Join(' ', ranked.Order)}");
            writer.WriteLine(string.Create(c, $"ranked on {scores.Tokens} tokens in {report.ForwardPasses} forward passes, see {page}; next: flextron elastify MODEL --ranking {context.Get(folder)} --out FAMILY"));
        });
    }

    private BlockRanking RankBlocks(CommandContext context, DecoderModel network, TokenCorpus calibration)
    {
        if (context.Get(depthWindows) < 1) throw new FlextronException($"Ranking blocks on {context.Get(depthWindows)} windows is not possible: give --depth-windows 1 or more.");
        var text = new HeldOutLoss(calibration, ImportanceRanker.WindowLength(network.Config, calibration, context.Get(window)), context.Get(depthWindows));
        return BlockRanking.Measure(network.Config, n => text.Of(network, n).Mean, context, context.Cancellation);
    }
}
