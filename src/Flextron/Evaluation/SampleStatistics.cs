namespace Flextron.Evaluation;

/// <summary>Standard errors and 95 % intervals of the metrics.</summary>
internal static class SampleStatistics
{
    /// <summary>97.5 % point of the normal distribution.</summary>
    public const double Z95 = 1.959963984540054;

    /// <summary>Standard error of a mean: sample standard deviation (n − 1) / √n; 0 for a single value.</summary>
    public static double StandardError(IReadOnlyCollection<double> values)
    {
        int n = values.Count;
        if (n < 2) return 0;
        double mean = values.Average();
        return Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (n - 1) / n);
    }

    /// <summary>Wilson's 95 % score interval of a proportion: unlike mean ± 1.96 s.e. it holds near 0 and 1 and for few documents.</summary>
    public static ConfidenceInterval Wilson(double proportion, int n)
    {
        double z2 = Z95 * Z95 / n;
        double centre = proportion + (z2 / 2);
        double half = Z95 * Math.Sqrt((proportion * (1 - proportion) / n) + (z2 / (4 * n)));
        // At 0 and 1 centre and half are equal but for rounding, which would leave the end a hair inside.
        return new ConfidenceInterval(
            proportion == 0 ? 0 : Math.Max(0, (centre - half) / (1 + z2)), proportion == 1 ? 1 : Math.Min(1, (centre + half) / (1 + z2)));
    }

    /// <summary>Bootstrap over documents: standard deviation and 2.5 and 97.5 % points of the metric.</summary>
    public static (double StandardError, ConfidenceInterval Interval) Bootstrap(MetricSeries series, int samples, int seed)
    {
        var values = new double[RequireSamples(samples)];
        var random = new Random(seed);
        for (int s = 0; s < samples; s++)
        {
            double sum = 0, weight = series.Values.Length;
            if (series.Weights is not null) weight = 0;
            for (int i = 0; i < series.Values.Length; i++)
            {
                int drawn = random.Next(series.Values.Length);
                sum += series.Values[drawn];
                if (series.Weights is not null) weight += series.Weights[drawn];
            }
            values[s] = series.Finish(sum, weight);
        }
        return Percentiles(values);
    }

    /// <summary>Differences B − A of metrics over the same documents: each sample draws documents once for both results and all metrics.</summary>
    public static IReadOnlyList<MetricDifference> PairedBootstrap(IReadOnlyList<(MetricSeries A, MetricSeries B)> pairs, int samples, int seed)
    {
        int n = pairs[0].A.Values.Length;
        var random = new Random(seed);
        var drawn = new int[n];
        var differences = new double[pairs.Count][];
        for (int p = 0; p < differences.Length; p++) differences[p] = new double[RequireSamples(samples)];
        for (int s = 0; s < samples; s++)
        {
            for (int i = 0; i < n; i++) drawn[i] = random.Next(n);
            for (int p = 0; p < differences.Length; p++) differences[p][s] = Of(pairs[p].B) - Of(pairs[p].A);
        }
        return [.. pairs.Select((pair, p) =>
        {
            (double error, ConfidenceInterval interval) = Percentiles(differences[p]);
            return new MetricDifference(pair.A.Name, pair.A.Value, pair.B.Value, pair.B.Value - pair.A.Value, error, interval);
        })];

        double Of(MetricSeries series)
        {
            double sum = 0, weight = 0;
            foreach (int i in drawn)
            {
                sum += series.Values[i];
                weight += series.Weights?[i] ?? 1;
            }
            return series.Finish(sum, weight);
        }
    }

    private static int RequireSamples(int samples) => samples >= 2 ? samples
        : throw new FlextronException($"The bootstrap needs at least two samples, not {samples}: ask for some hundreds.");

    private static (double StandardError, ConfidenceInterval Interval) Percentiles(double[] values)
    {
        Array.Sort(values);
        double mean = values.Average(), deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1));
        return (deviation, new ConfidenceInterval(values[(int)(0.025 * (values.Length - 1))], values[(int)Math.Ceiling(0.975 * (values.Length - 1))]));
    }
}
