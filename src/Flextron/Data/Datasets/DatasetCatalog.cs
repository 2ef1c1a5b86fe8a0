using System.Reflection;
using System.Text.Json;
using Flextron.Storage;

namespace Flextron.Data.Datasets;

/// <summary>The manifests of <c>data/datasets</c>, which the library carries.</summary>
public static class DatasetCatalog
{
    private const string Prefix = "datasets/";
    private static readonly Lazy<DatasetManifest[]> Manifests = new(Read);

    /// <summary>All manifests, by name.</summary>
    public static IReadOnlyList<DatasetManifest> All => Manifests.Value;

    /// <summary>The manifest of a dataset.</summary>
    /// <exception cref="FlextronException">There is none.</exception>
    public static DatasetManifest Get(string name) => Find(name)
        ?? throw new FlextronException($"There is no dataset '{name}': choose from {string.Join(", ", All.Select(m => m.Name))}.");

    /// <summary>The manifest of a dataset, or null.</summary>
    public static DatasetManifest? Find(string name) => All.FirstOrDefault(m => m.Name.Equals(name?.Trim(), StringComparison.OrdinalIgnoreCase));

    private static DatasetManifest[] Read()
    {
        Assembly assembly = typeof(DatasetCatalog).Assembly;
        return [.. assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name =>
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            return JsonSerializer.Deserialize<DatasetManifest>(stream, FlextronJson.Indented) ?? throw new InvalidDataException($"The manifest {name} is empty.");
        })];
    }
}
