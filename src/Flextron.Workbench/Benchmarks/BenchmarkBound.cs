using System.Globalization;

namespace Flextron.Workbench.Benchmarks;

/// <summary>What a figure's median has to be, where this project promises something.</summary>
/// <param name="Limit">The promised value, itself allowed.</param>
/// <param name="Upper">Whether it is a ceiling; else a floor.</param>
public sealed record BenchmarkBound(double Limit, bool Upper)
{
    /// <summary>A ceiling.</summary>
    public static BenchmarkBound AtMost(double limit) => new(limit, true);

    /// <summary>A floor.</summary>
    public static BenchmarkBound AtLeast(double limit) => new(limit, false);

    /// <summary>Whether a value keeps the promise.</summary>
    public bool Holds(double value) => Upper ? value <= Limit : value >= Limit;

    /// <summary>Such as <c>≤ 1.05</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Upper ? '≤' : '≥')} {Limit}");
}
