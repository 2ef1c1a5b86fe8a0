namespace Flextron.Workbench.Experiments;

/// <summary>
/// An experiment: a folder with its settings (<c>experiment.json</c>), its runs (<c>runs/</c>) and the results of finished stages that the
/// runs share (<c>cache/</c>, not for version control).
/// </summary>
public sealed class ExperimentFolder
{
    private ExperimentFolder(string path) => Path = path;

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>The folder's name.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>The settings file.</summary>
    public string SettingsPath => System.IO.Path.Combine(Path, "experiment.json");

    /// <summary>Where runs lie.</summary>
    public string RunsPath => System.IO.Path.Combine(Path, "runs");

    /// <summary>Results of finished stages. Deleting it costs time only.</summary>
    public string CachePath => System.IO.Path.Combine(Path, "cache");

    /// <summary>Opens an experiment.</summary>
    /// <param name="path">Its folder, or its <c>experiment.json</c>.</param>
    /// <exception cref="FlextronException">There is no experiment.</exception>
    public static ExperimentFolder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (System.IO.Path.GetFileName(full) == "experiment.json") full = System.IO.Path.GetDirectoryName(full)!;
        var folder = new ExperimentFolder(full);
        if (!File.Exists(folder.SettingsPath)) throw new FlextronException($"There is no experiment at {path}: a folder with a file experiment.json is needed.");
        return folder;
    }

    /// <summary>Reads the settings; see <see cref="ExperimentSettings.Read"/>.</summary>
    public T ReadSettings<T>(IEnumerable<string>? overrides = null) => ExperimentSettings.Read<T>(SettingsPath, overrides);

    /// <summary>Starts a run: makes its folder and writes down settings and environment. Dispose it at the end.</summary>
    /// <param name="settings">The resolved settings.</param>
    /// <param name="options">Name, display, interruption.</param>
    /// <exception cref="FlextronException">A run of the given name exists, or the folder cannot be written.</exception>
    public ExperimentRun StartRun<T>(T settings, RunOptions? options = null) => ExperimentRun.Start(this, ExperimentSettings.ToJson(settings), options ?? new RunOptions());

    /// <summary>All runs, oldest first.</summary>
    public IReadOnlyList<RunRecord> List() => !Directory.Exists(RunsPath) ? [] :
        [.. Directory.EnumerateDirectories(RunsPath).Where(RunRecord.IsRun).Select(RunRecord.Open).OrderBy(r => r.Status.StartedUtc).ThenBy(r => r.Name, StringComparer.Ordinal)];

    /// <summary>One run by name.</summary>
    /// <exception cref="FlextronException">There is no such run.</exception>
    public RunRecord OpenRun(string name)
    {
        string folder = System.IO.Path.Combine(RunsPath, name);
        if (RunRecord.IsRun(folder)) return RunRecord.Open(folder);
        throw new FlextronException($"The experiment {Name} has no run \"{name}\": {NearestName.Suggest(name, [.. List().Select(r => r.Name)])}");
    }

    /// <summary>The lock that a run's process holds.</summary>
    internal static string RunLockPath(string runFolder)
    {
        string experiment = ContainingPath(runFolder) ?? System.IO.Path.GetFullPath(System.IO.Path.Combine(runFolder, "..", ".."));
        string name = System.IO.Path.GetRelativePath(experiment, runFolder)["runs".Length..].Trim('/', '\\').Replace('/', '+').Replace('\\', '+');
        return System.IO.Path.Combine(experiment, "cache", "locks", $"run-{name}.lock");
    }

    /// <summary>The experiment that a run, or a point of a grid inside one, belongs to.</summary>
    /// <exception cref="FlextronException">No folder above holds an experiment.</exception>
    public static ExperimentFolder Containing(string runFolder) => ContainingPath(runFolder) is { } path
        ? Open(path)
        : throw new FlextronException($"{runFolder} lies in no experiment: none of the folders above it holds a file experiment.json.");

    // A run lies in runs/, a point of a grid in runs/NAME/points/.
    private static string? ContainingPath(string runFolder)
    {
        DirectoryInfo? at = new DirectoryInfo(System.IO.Path.GetFullPath(runFolder)).Parent;
        for (int depth = 0; at is not null && depth < 4; depth++, at = at.Parent)
            if (File.Exists(System.IO.Path.Combine(at.FullName, "experiment.json"))) return at.FullName;
        return null;
    }
}
