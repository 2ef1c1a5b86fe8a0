using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Reruns;

/// <summary>What runs have read from outside.</summary>
internal static class RecordedInputs
{
    /// <summary>Hashes by name; several where points of a grid read several.</summary>
    public static IReadOnlyDictionary<string, IReadOnlySet<string>> Of(IEnumerable<RunProvenance> provenances) => provenances.SelectMany(p => p.Inputs)
        .GroupBy(i => i.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => (IReadOnlySet<string>)g.Select(i => i.Sha256).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
}
