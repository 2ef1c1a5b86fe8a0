using MathNet.Numerics.Statistics;

namespace Flextron.Importance;

/// <summary>How unequal the scores of one kind are.</summary>
/// <param name="Minimum">Smallest score.</param>
/// <param name="LowerQuartile">A quarter lies below.</param>
/// <param name="Median">Half lies below.</param>
/// <param name="UpperQuartile">A quarter lies above.</param>
/// <param name="Maximum">Largest score.</param>
/// <param name="TopHalfShare">Share of the sum that the larger half holds: ½ where all are equal, 1 where half of the parts do everything.</param>
public sealed record ScoreSpread(double Minimum, double LowerQuartile, double Median, double UpperQuartile, double Maximum, double TopHalfShare)
{
    /// <summary>Describes scores, at least one; of an odd number the middle one counts half.</summary>
    public static ScoreSpread Of(IReadOnlyList<double> scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        double[] sorted = [.. scores.Order()];
        double sum = sorted.Sum(), top = sorted.Skip((sorted.Length + 1) / 2).Sum() + (sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] / 2 : 0);
        return new ScoreSpread(
            sorted[0], SortedArrayStatistics.LowerQuartile(sorted), SortedArrayStatistics.Median(sorted), SortedArrayStatistics.UpperQuartile(sorted), sorted[^1],
            sum > 0 ? top / sum : 0.5);
    }
}
