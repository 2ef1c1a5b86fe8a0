using MathNet.Numerics.Statistics;

namespace Flextron.Importance;

/// <summary>Spearman's rank correlation of scores: 1 where they order alike.</summary>
public static class RankAgreement
{
    /// <summary>Of two scores of the same parts.</summary>
    /// <returns>−1 … 1; null where there are fewer than two parts or all scores are equal, which orders nothing.</returns>
    public static double? Spearman(IReadOnlyList<double> a, IReadOnlyList<double> b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Count < 2) return null;
        double correlation = Correlation.Spearman(a, b);
        return double.IsNaN(correlation) ? null : correlation;
    }

    /// <summary>Mean over all pairs of several scores of the same parts.</summary>
    /// <returns>Null where no pair can be compared.</returns>
    public static double? MeanOfPairs(IReadOnlyList<IReadOnlyList<double>> scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        double[] pairs = [.. Enumerable.Range(0, scores.Count).SelectMany(i => Enumerable.Range(0, i).Select(j => Spearman(scores[i], scores[j]))).OfType<double>()];
        return pairs.Length == 0 ? null : pairs.Average();
    }
}
