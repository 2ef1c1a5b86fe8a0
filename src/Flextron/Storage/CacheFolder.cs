namespace Flextron.Storage;

/// <summary>
/// Where things are kept that can be made or fetched again: <c>FLEXTRON_CACHE</c>; else <c>flextron</c> in the system's own place for caches
/// (<c>%LOCALAPPDATA%</c>; <c>~/Library/Caches</c>; <c>$XDG_CACHE_HOME</c> or <c>~/.cache</c>).
/// </summary>
public static class CacheFolder
{
    /// <summary>Name of the environment variable that holds the folder.</summary>
    public const string Variable = "FLEXTRON_CACHE";

    /// <summary>The folder, which need not exist yet.</summary>
    /// <exception cref="FlextronException">There is neither the variable nor a home folder.</exception>
    public static string Path => Choose(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    /// <summary>The same with its surroundings given.</summary>
    internal static string Choose(Func<string, string?> variable, string home)
    {
        if (variable(Variable) is { Length: > 0 } given) return System.IO.Path.GetFullPath(given);
        if (OperatingSystem.IsWindows() && variable("LOCALAPPDATA") is { Length: > 0 } local) return System.IO.Path.Combine(local, "flextron");
        // The XDG specification has relative values ignored.
        if (!OperatingSystem.IsWindows() && variable("XDG_CACHE_HOME") is { Length: > 0 } xdg && System.IO.Path.IsPathRooted(xdg))
            return System.IO.Path.Combine(xdg, "flextron");
        if (home.Length == 0) throw new FlextronException($"There is no home folder to keep a cache in: set {Variable} to a folder.");
        return OperatingSystem.IsMacOS() ? System.IO.Path.Combine(home, "Library", "Caches", "flextron") : System.IO.Path.Combine(home, ".cache", "flextron");
    }
}
