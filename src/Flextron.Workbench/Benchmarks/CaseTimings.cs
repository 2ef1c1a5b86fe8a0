namespace Flextron.Workbench.Benchmarks;

/// <summary>
/// Times of cases that took turns. Round i of one case stands beside round i of every other, so that what slows the machine down for a while
/// slows them all: ratios are formed within a round.
/// </summary>
/// <param name="Milliseconds">By case, one entry per round: milliseconds of a single run.</param>
public sealed record CaseTimings(IReadOnlyDictionary<string, double[]> Milliseconds)
{
    /// <summary>One case's times in ms, by round.</summary>
    public double[] Of(string name) => Milliseconds[name];

    /// <summary>Time of one case over that of another, by round.</summary>
    public double[] Ratio(string numerator, string denominator) => [.. Of(numerator).Zip(Of(denominator), (a, b) => a / b)];

    /// <summary>A rate from a count of work per run, by round, such as GFLOP/s.</summary>
    /// <param name="name">The case.</param>
    /// <param name="work">Units of work in one run.</param>
    /// <param name="unit">1e9 for giga.</param>
    public double[] Rate(string name, double work, double unit = 1e9) => [.. Of(name).Select(ms => work / unit / (ms / 1e3))];
}
