using Flextron.Models;

namespace Flextron.Importance;

/// <summary>Every score of every part from one pass over a calibration text, apart for each subset of it.</summary>
public sealed class ImportanceMeasurement
{
    private readonly int headsPerGroup;
    private readonly double[][][] heads;
    private readonly Dictionary<NeuronMetric, double[][][]> neurons;
    private readonly double[][] channels;

    internal ImportanceMeasurement(ModelConfig config, ActivationSums sums)
    {
        headsPerGroup = config.HeadsPerGroup;
        heads = sums.Heads();
        neurons = Enum.GetValues<NeuronMetric>().ToDictionary(m => m, sums.Neurons);
        channels = sums.Channels();
    }

    /// <summary>Windows read, each once.</summary>
    public required long Windows { get; init; }

    /// <summary>Tokens of a window.</summary>
    public required int WindowLength { get; init; }

    /// <summary>Forward passes made: windows over windows per pass.</summary>
    public required long ForwardPasses { get; init; }

    /// <summary>Time of the pass, seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>SHA-256 of the text's ids.</summary>
    public required string CorpusHash { get; init; }

    /// <summary>Calibration subsets kept apart.</summary>
    public int Subsets => heads.Length;

    /// <summary>Scores over the whole calibration text.</summary>
    /// <param name="metric">How neurons are scored.</param>
    public ImportanceScores Scores(NeuronMetric metric)
    {
        IEnumerable<BlockImportance> blocks = Enumerable.Range(0, heads[0].Length).Select(b =>
        {
            double[] head = Total(heads.Select(s => s[b]));
            return new BlockImportance(head, [.. head.Chunk(headsPerGroup).Select(g => g.Sum())], Total(neurons[metric].Select(s => s[b])));
        });
        return new ImportanceScores(metric, Windows * WindowLength, CorpusHash, [.. blocks]) { Channels = Total(channels) };
    }

    /// <summary>Distribution of the scores, agreement between variants and between subsets, and the cost.</summary>
    /// <param name="metric">The variant that is used.</param>
    public ImportanceReport Report(NeuronMetric metric)
    {
        NeuronMetric[] metrics = [.. neurons.Keys];
        IEnumerable<BlockImportanceReport> blocks = Enumerable.Range(0, heads[0].Length).Select(b =>
        {
            double[][] ByMetric() => [.. metrics.Select(m => Total(neurons[m].Select(s => s[b])))];
            double[][] scores = ByMetric();
            return new BlockImportanceReport(
                b,
                ScoreSpread.Of(Total(heads.Select(s => s[b]))),
                metrics.Zip(scores).ToDictionary(p => p.First, p => ScoreSpread.Of(p.Second)),
                [.. from i in Enumerable.Range(0, metrics.Length) from j in Enumerable.Range(0, i) select new VariantAgreement(metrics[j], metrics[i], RankAgreement.Spearman(scores[j], scores[i]))],
                RankAgreement.MeanOfPairs([.. heads.Select(s => s[b])]),
                metrics.ToDictionary(m => m, m => RankAgreement.MeanOfPairs([.. neurons[m].Select(s => s[b])])));
        });
        return new ImportanceReport(metric, Windows * WindowLength, Windows, ForwardPasses, Seconds, Subsets, [.. blocks], ScoreSpread.Of(Total(channels)), RankAgreement.MeanOfPairs(channels));
    }

    private static double[] Total(IEnumerable<double[]> subsets) => subsets.Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)]);
}
