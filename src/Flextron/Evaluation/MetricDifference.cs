namespace Flextron.Evaluation;

/// <summary>How two results on the same documents differ in one metric.</summary>
/// <param name="Metric">Such as <c>acc</c>.</param>
/// <param name="A">The first result's value.</param>
/// <param name="B">The second's.</param>
/// <param name="Difference">B − A.</param>
/// <param name="StandardError">Of the difference, by paired bootstrap.</param>
/// <param name="Interval">95 % interval of the difference, by paired bootstrap percentiles.</param>
public sealed record MetricDifference(string Metric, double A, double B, double Difference, double StandardError, ConfidenceInterval Interval)
{
    /// <summary>Whether the interval leaves out zero.</summary>
    public bool Distinct => Interval.Low > 0 || Interval.High < 0;
}
