namespace Flextron.Workbench.Reports;

/// <summary>A column of a <see cref="ReportTable"/>.</summary>
/// <param name="Name">Its heading, and its column in a data frame.</param>
/// <param name="Format">.NET number format, invariant culture, such as "0.000", "N0" or "0.0%"; null writes numbers in full.</param>
public sealed record ReportColumn(string Name, string? Format = null)
{
    /// <summary>The heading where it differs from <see cref="Name"/>, with its unit.</summary>
    public string? Heading { get; init; }

    /// <summary>The frame's column with the uncertainty, written behind the value as "±".</summary>
    public string? Error { get; init; }

    /// <summary>Which value is set in bold.</summary>
    public BestValue Best { get; init; }
}
