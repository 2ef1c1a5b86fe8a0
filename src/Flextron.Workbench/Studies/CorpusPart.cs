using Flextron.Workbench.Reports;

namespace Flextron.Workbench.Studies;

/// <summary>One part of the text.</summary>
/// <param name="Name">Calibration, train or held-out.</param>
/// <param name="Documents">Documents in it.</param>
/// <param name="Tokens">Tokens used of it.</param>
/// <param name="Hash">SHA-256 of the ids.</param>
public sealed record CorpusPart(string Name, long Documents, long Tokens, string Hash)
{
    /// <summary>All parts of a text, for a report.</summary>
    public static ReportTable Table(IReadOnlyList<CorpusPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return new ReportTable([new("part"), new("documents", "N0"), new("tokens", "N0"), new("SHA-256 of ids")],
            parts.Select(p => (IReadOnlyList<object?>)[p.Name, p.Documents, p.Tokens, p.Hash[..16]]), "The text");
    }
}
