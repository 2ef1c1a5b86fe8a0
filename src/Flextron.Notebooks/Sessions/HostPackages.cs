using System.Text.Json;

namespace Flextron.Notebooks.Sessions;

/// <summary>The packages that the host itself is built on. Notebooks get these, never another version beside them, because one process holds one libtorch.</summary>
internal static class HostPackages
{
    private static readonly Lazy<Dictionary<string, string>> Versions = new(Read);

    /// <summary>Version of a package that the host carries; null where it does not.</summary>
    public static string? VersionOf(string package) => Versions.Value.GetValueOrDefault(package);

    /// <summary>Whether a request is answered by the host.</summary>
    /// <param name="package">Its name.</param>
    /// <param name="requested">The version asked for; empty or * for any.</param>
    /// <returns>The version carried; null where the package must be restored.</returns>
    /// <exception cref="FlextronException">The host carries another version.</exception>
    public static string? Answer(string package, string requested)
    {
        // Installations of other notebooks ask for libtorch's native package by one of these names.
        string name = package.StartsWith("TorchSharp-", StringComparison.OrdinalIgnoreCase) || package.StartsWith("libtorch-", StringComparison.OrdinalIgnoreCase) ? "TorchSharp" : package;
        if (VersionOf(name) is not { } carried) return null;
        if (requested.Length == 0 || requested == "*" || package.StartsWith("libtorch-", StringComparison.OrdinalIgnoreCase) || Satisfies(carried, requested)) return carried;
        throw new FlextronException($"This notebook asks for {package} {requested}, but its host carries {carried}, and one process can hold only one: write #r \"nuget: {package}, {carried}\".");
    }

    /// <summary>Whether a newer version of the same major one, or exactly the one asked for, is there.</summary>
    internal static bool Satisfies(string carried, string requested)
    {
        string wanted = requested.Trim('[', ']', '(', ')', ' ').Split(',')[0].TrimEnd('*', '.');
        if (string.Equals(carried, wanted, StringComparison.OrdinalIgnoreCase)) return true;
        return Number(carried) is { } have && Number(wanted) is { } want && have.Major == want.Major && have >= want && (have.Major > 0 || have.Minor == want.Minor);
    }

    private static Version? Number(string version)
    {
        string plain = version.Split('-', '+')[0];
        return System.Version.TryParse(plain.Contains('.', StringComparison.Ordinal) ? plain : plain + ".0", out Version? number) ? number : null;
    }

    private static Dictionary<string, string> Read()
    {
        var versions = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string files = AppContext.GetData("APP_CONTEXT_DEPS_FILES") as string ?? "";
        foreach (string file in files.Split(';', StringSplitOptions.RemoveEmptyEntries).Where(File.Exists))
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
            if (!json.RootElement.TryGetProperty("libraries", out JsonElement libraries)) continue;
            foreach (JsonProperty library in libraries.EnumerateObject())
            {
                string[] parts = library.Name.Split('/');
                if (parts.Length == 2 && library.Value.GetProperty("type").GetString() == "package") versions.TryAdd(parts[0], parts[1]);
            }
        }
        return versions;
    }
}
