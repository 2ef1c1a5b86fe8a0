namespace Flextron.Data;

/// <summary>What the repository carries itself: a small pretrained base model and the tiny world's text and evaluation sets.</summary>
public static class EmbeddedData
{
    /// <summary>Environment variable that names a data folder.</summary>
    public const string Variable = "FLEXTRON_DATA";

    private const string BaseFolder = "base", WorldFolder = "tinyworld";

    /// <summary>Folder of the embedded base model.</summary>
    /// <exception cref="FlextronException">The program runs outside a clone of the repository.</exception>
    public static string BaseModel => Path.Combine(Folder, BaseFolder);

    /// <summary>Folder of the tiny world's files.</summary>
    /// <exception cref="FlextronException">The program runs outside a clone of the repository.</exception>
    public static string TinyWorld => Path.Combine(Folder, WorldFolder);

    /// <summary>The repository's <c>data</c> folder, found upward from the program and from the current folder.</summary>
    /// <exception cref="FlextronException">It is not there.</exception>
    public static string Folder => FindFolder() ?? throw new FlextronException(
        $"The embedded data were not found at or above {AppContext.BaseDirectory} or {Directory.GetCurrentDirectory()}: run from a clone of the repository, or make them with `flextron pretrain`.");

    private static string? FindFolder()
    {
        foreach (string start in new[] { AppContext.BaseDirectory, Directory.GetCurrentDirectory() })
            for (DirectoryInfo? at = new(start); at is not null; at = at.Parent)
            {
                string folder = Path.Combine(at.FullName, "data");
                if (Directory.Exists(Path.Combine(folder, WorldFolder)) && Directory.Exists(Path.Combine(folder, BaseFolder))) return folder;
            }
        return null;
    }
}
