namespace Flextron.Evaluation;

/// <summary>Standard errors and 95 % intervals of the metrics.</summary>
internal static class SampleStatistics
{
    private const double Z95 = 1.959963984540054;

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
        return new ConfidenceInterval(Math.Max(0, (centre - half) / (1 + z2)), Math.Min(1, (centre + half) / (1 + z2)));
    }

    /// <summary>Bootstrap of exp(−mean): standard deviation and 2.5 and 97.5 % points over resampled documents.</summary>
    public static (double StandardError, ConfidenceInterval Interval) BootstrapPerplexity(double[] logProbabilities, int samples, int seed)
    {
        if (samples < 2) throw new FlextronException($"The bootstrap needs at least two samples, not {samples}: ask for some hundreds.");
        var random = new Random(seed);
        var values = new double[samples];
        for (int s = 0; s < samples; s++)
        {
            double sum = 0;
            for (int i = 0; i < logProbabilities.Length; i++) sum += logProbabilities[random.Next(logProbabilities.Length)];
            values[s] = Math.Exp(-sum / logProbabilities.Length);
        }
        Array.Sort(values);
        double mean = values.Average();
        double deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (samples - 1));
        return (deviation, new ConfidenceInterval(values[(int)(0.025 * (samples - 1))], values[(int)Math.Ceiling(0.975 * (samples - 1))]));
    }
}
