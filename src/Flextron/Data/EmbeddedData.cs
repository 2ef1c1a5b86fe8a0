namespace Flextron.Data;

/// <summary>
/// What the repository brings along in its <c>data</c> folder, found upward from the program's folder and from the current one, or in the folder
/// that <c>FLEXTRON_DATA</c> names.
/// </summary>
public static class EmbeddedData
{
    /// <summary>Name of the environment variable that holds a data folder.</summary>
    public const string Variable = "FLEXTRON_DATA";

    /// <summary>The base model: a Hugging Face folder.</summary>
    /// <exception cref="FlextronException">It is not there.</exception>
    public static string BaseModel => FindBaseModel() ?? throw Missing("base model", "data/base");

    /// <summary>Evaluation sets, calibration and held-out text of the generated miniature world.</summary>
    /// <exception cref="FlextronException">They are not there.</exception>
    public static string TinyWorld => FindTinyWorld() ?? throw Missing("miniature world", "data/tinyworld");

    /// <summary>The base model's folder, or null.</summary>
    public static string? FindBaseModel() => Find("base", "config.json", StartFolders());

    /// <summary>The miniature world's folder, or null.</summary>
    public static string? FindTinyWorld() => Find("tinyworld", "manifest.json", StartFolders());

    /// <summary>A folder of the embedded data that holds a certain file.</summary>
    internal static string? Find(string name, string file, IEnumerable<string> startFolders)
    {
        IEnumerable<string> roots = startFolders.SelectMany(Upward).Select(folder => Path.Combine(folder, "data"));
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given) roots = roots.Prepend(Path.GetFullPath(given));
        return roots.Select(root => Path.Combine(root, name)).FirstOrDefault(folder => File.Exists(Path.Combine(folder, file)));
    }

    private static string[] StartFolders() => [AppContext.BaseDirectory, Directory.GetCurrentDirectory()];

    private static IEnumerable<string> Upward(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent) yield return folder.FullName;
    }

    private static FlextronException Missing(string what, string folder) =>
        new($"The embedded {what} was not found: run inside a clone of the repository that has {folder}, or set {Variable} to its data folder.");
}
