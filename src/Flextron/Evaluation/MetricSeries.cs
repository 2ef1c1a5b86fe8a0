namespace Flextron.Evaluation;

/// <summary>
/// One metric as what each document gives to it: the metric is Σ value / Σ weight, or e to that. Values, standard errors, intervals and the paired
/// comparison of two results all follow from this one form.
/// </summary>
/// <param name="Name">Such as <c>acc</c>.</param>
/// <param name="Values">One per document, in file order.</param>
internal sealed record MetricSeries(string Name, double[] Values)
{
    /// <summary>One per document; null where every document weighs the same.</summary>
    public double[]? Weights { get; init; }

    /// <summary>Whether the metric is e to the mean: a perplexity.</summary>
    public bool Exponential { get; init; }

    /// <summary>Whether every value is 0 or 1.</summary>
    public bool Binary { get; init; }

    /// <summary>The metric over all documents.</summary>
    public double Value => Finish(Values.Sum(), Weights?.Sum() ?? Values.Length);

    /// <summary>From sums over documents to the metric.</summary>
    public double Finish(double sum, double weight) => Exponential ? Math.Exp(sum / weight) : sum / weight;

    /// <summary>Standard error and 95 % interval: closed forms for a plain mean, else by a seeded bootstrap over documents.</summary>
    public (double StandardError, ConfidenceInterval Interval) Uncertainty(int samples, int seed)
    {
        if (Exponential || Weights is not null) return SampleStatistics.Bootstrap(this, samples, seed);
        double error = SampleStatistics.StandardError(Values), mean = Value;
        return (error, Binary ? SampleStatistics.Wilson(mean, Values.Length) : new ConfidenceInterval(mean - SampleStatistics.Z95 * error, mean + SampleStatistics.Z95 * error));
    }
}
