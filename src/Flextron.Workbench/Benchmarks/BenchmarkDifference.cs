namespace Flextron.Workbench.Benchmarks;

/// <summary>One figure of two reports.</summary>
/// <param name="Before">Of the first.</param>
/// <param name="After">Of the second.</param>
public sealed record BenchmarkDifference(BenchmarkFigure Before, BenchmarkFigure After)
{
    /// <summary>Median after over median before; 1 where they are equal, zero both included.</summary>
    public double Factor => After.Value.Median == Before.Value.Median ? 1 : After.Value.Median / Before.Value.Median;

    /// <summary>Whether the ranges between the quartiles do not overlap; null where one of the two was measured once, whose noise nobody knows.</summary>
    public bool? BeyondNoise => Math.Min(Before.Value.Count, After.Value.Count) < 2
        ? null : After.Value.Lower > Before.Value.Upper || After.Value.Upper < Before.Value.Lower;
}
