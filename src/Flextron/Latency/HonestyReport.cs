using System.Globalization;
using MathNet.Numerics.Statistics;

namespace Flextron.Latency;

/// <summary>How far a latency table can be believed: errors over held-out sub-networks. Printed with every use of the table in a report.</summary>
/// <param name="Pairs">Each sub-network.</param>
/// <param name="MedianError">Median absolute relative error.</param>
/// <param name="Error95">Its 95th percentile.</param>
/// <param name="Bias">Median signed relative error.</param>
/// <param name="Spearman">Rank correlation of predicted and measured.</param>
public sealed record HonestyReport(IReadOnlyList<HonestyPair> Pairs, double MedianError, double Error95, double Bias, double Spearman)
{
    /// <summary>
    /// How much slower the machine was during the check than the table says: the whole network, run in between throughout, over its latency by
    /// the table. Measured latencies are divided by it, because a machine whose speed drifts between profiling and check says nothing about
    /// the table's shape; undivided they would all be off by this much more.
    /// </summary>
    public double Slowdown { get; init; } = 1;

    /// <summary>The pass over the prompt alone; null where nothing is generated.</summary>
    public HonestyReport? Prefill { get; init; }

    /// <summary>The decode steps alone; null where nothing is generated.</summary>
    public HonestyReport? Decode { get; init; }

    /// <summary>Computes the figures.</summary>
    public static HonestyReport Of(IReadOnlyList<HonestyPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        double[] errors = [.. pairs.Select(p => Math.Abs(p.RelativeError))];
        return new HonestyReport(
            pairs, errors.Median(), errors.Quantile(0.95), pairs.Select(p => p.RelativeError).Median(),
            Correlation.Spearman(pairs.Select(p => p.PredictedMs), pairs.Select(p => p.MeasuredMs)));
    }

    /// <summary>One line for reports.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Pairs.Count} held-out sub-networks: median error {MedianError:P1}, 95th percentile {Error95:P1}, bias {Bias:+0.0%;-0.0%}, Spearman {Spearman:0.000}; machine at {Slowdown:0.00} times the table's time");
}
