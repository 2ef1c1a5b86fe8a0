using System.Globalization;
using Flextron.Importance;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.Studies;

/// <summary>Pictures and the report of importance scores.</summary>
public static class ImportanceFigures
{
    /// <summary>How far parts of the calibration text, and variants of the score, order the parts alike.</summary>
    public static Figure RankAgreement(ImportanceReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        static double[] Values(IEnumerable<double?> values) => [.. values.Select(v => v ?? double.NaN)];
        double[] x = [.. report.Blocks.Select(b => (double)b.Block)];
        IEnumerable<LineSeries> subsets = report.Subsets < 2 ? [] :
        [
            new("heads, between subsets", x, Values(report.Blocks.Select(b => b.HeadsAcrossSubsets))),
            .. report.Blocks[0].NeuronsAcrossSubsets.Keys.Select(m => new LineSeries($"{Name(m)}, between subsets", x, Values(report.Blocks.Select(b => b.NeuronsAcrossSubsets[m])))),
        ];
        IEnumerable<LineSeries> variants = report.Blocks[0].Variants.Select((v, i) =>
            new LineSeries($"{Name(v.First)} and {Name(v.Second)}", x, Values(report.Blocks.Select(b => b.Variants[i].Spearman))));
        // A line of which nothing is known, such as heads where a block has one, cannot be drawn.
        return new Figure("Agreement of importance scores", new Axis("Block"), new Axis("Spearman's rank correlation"), [.. subsets.Concat(variants).Where(l => l.Y.Any(double.IsFinite))])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture, $"{report.Subsets} subsets of {report.Windows} windows"),
        };
    }

    /// <summary>Block by block: spread of the scores and agreement of the variant in use.</summary>
    public static ReportTable Table(ImportanceReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new ReportTable(
            [
                new("Block"), new("Heads, largest ÷ smallest", "0.00"), new("Neurons, largest ÷ median", "0.0"), new("Neurons, share of the top half", "0.000"),
                new("Heads between subsets", "0.000"), new("Neurons between subsets", "0.000"), .. report.Blocks[0].Variants.Select(v => new ReportColumn($"{Name(v.First)} and {Name(v.Second)}", "0.000")),
            ],
            report.Blocks.Select(b => (IReadOnlyList<object?>)
            [
                b.Block, Ratio(b.Heads.Maximum, b.Heads.Minimum), Ratio(b.Neurons[report.Metric].Maximum, b.Neurons[report.Metric].Median), b.Neurons[report.Metric].TopHalfShare,
                b.HeadsAcrossSubsets, b.NeuronsAcrossSubsets[report.Metric], .. b.Variants.Select(v => (object?)v.Spearman),
            ]),
            "Spread of the scores, and Spearman's rank correlations");
    }

    /// <summary>The report of a ranking.</summary>
    public static ReportDocument Document(ImportanceScores scores, ImportanceReport report)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(report);
        CultureInfo c = CultureInfo.InvariantCulture;
        var document = new ReportDocument("Importance of heads, neurons and channels");
        document.Text(string.Create(c, $"One pass over {report.Tokens:N0} calibration tokens: {report.ForwardPasses} forward passes of up to {report.Windows} windows in {report.Seconds:0.0} s gave every variant. Neurons are ordered by {Name(report.Metric)}."));
        if (report.ChannelsAcrossSubsets is { } channels)
            document.Text(string.Create(c, $"Scores of the residual channels agree between subsets with a rank correlation of {channels:0.000}; the larger half of them holds {report.Channels.TopHalfShare:P1} of the sum."));
        document.Table(Table(report)).Figure(MethodFigures.Importance(scores), "neurons");
        Figure agreement = RankAgreement(report);
        if (agreement.Series.Count > 0) document.Figure(agreement, "agreement");
        if (scores.Depth is { } depth)
            document.Text(string.Create(c, $"Blocks by iterative removal, most needed first: {string.Join(' ', depth.Order)} ({depth.Evaluations} losses measured; loss by depth {string.Join(' ', depth.LossByDepth.Select(l => l.ToString("0.000", c)))})."));
        return document;
    }

    private static string Name(NeuronMetric metric) => metric switch
    {
        NeuronMetric.PreActivation => "pre-activation",
        NeuronMetric.Contribution => "contribution",
        _ => "gated activation",
    };

    private static double? Ratio(double a, double b) => b > 0 ? a / b : null;
}
