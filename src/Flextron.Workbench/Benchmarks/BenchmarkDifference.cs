namespace Flextron.Workbench.Benchmarks;

/// <summary>One figure of two reports.</summary>
/// <param name="Before">Of the first.</param>
/// <param name="After">Of the second.</param>
public sealed record BenchmarkDifference(BenchmarkFigure Before, BenchmarkFigure After)
{
    /// <summary>Median after over median before.</summary>
    public double Factor => After.Value.Median / Before.Value.Median;

    /// <summary>Whether the ranges between the quartiles do not overlap.</summary>
    public bool BeyondNoise => After.Value.Lower > Before.Value.Upper || After.Value.Upper < Before.Value.Lower;
}
