namespace Flextron.Workbench.Experiments;

/// <summary>One result in two runs.</summary>
/// <param name="Name">The result.</param>
/// <param name="A">In the first run, or null.</param>
/// <param name="B">In the second run, or null.</param>
/// <param name="Difference">B − A, or null.</param>
/// <param name="Low">Lower end of the difference's 95 % interval, where both have a standard deviation and at least two observations.</param>
/// <param name="High">Upper end.</param>
/// <param name="Pairs">Observations of the same seed or window that the interval is made of; null where the runs count as independent.</param>
public sealed record SummaryDifference(string Name, SummaryValue? A, SummaryValue? B, double? Difference, double? Low, double? High, int? Pairs = null)
{
    /// <summary>Whether the interval leaves out zero; null where there is none.</summary>
    public bool? Distinct => Low is { } low && High is { } high ? low > 0 || high < 0 : null;
}
