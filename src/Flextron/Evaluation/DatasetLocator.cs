namespace Flextron.Evaluation;

/// <summary>
/// Finds a task's data: an explicit path; else the folder in <c>FLEXTRON_DATA</c>; else <c>data/</c> of the repository (for the embedded tasks)
/// and <c>shared/data/eval</c> beside it, searched upward from the program and from the current folder.
/// </summary>
public sealed class DatasetLocator
{
    /// <summary>Name of the environment variable that holds a data folder.</summary>
    public const string Variable = "FLEXTRON_DATA";

    private readonly IReadOnlyList<string> _startFolders;
    private readonly string? _dataFolder;

    /// <summary>Creates a locator with its surroundings given, as tests do.</summary>
    /// <param name="startFolders">Folders to search upward from.</param>
    /// <param name="dataFolder">A data folder to look in first, such as the variable's value, or null.</param>
    public DatasetLocator(IReadOnlyList<string> startFolders, string? dataFolder)
    {
        ArgumentNullException.ThrowIfNull(startFolders);
        _startFolders = startFolders;
        _dataFolder = string.IsNullOrWhiteSpace(dataFolder) ? null : dataFolder;
    }

    /// <summary>The locator of this process: its program folder, its current folder and its environment.</summary>
    public static DatasetLocator FromEnvironment() =>
        new([AppContext.BaseDirectory, Directory.GetCurrentDirectory()], Environment.GetEnvironmentVariable(Variable));

    /// <summary>Finds the data of a task.</summary>
    /// <param name="task">The task.</param>
    /// <param name="explicitPath">A file, the dataset's folder, or a folder that holds it; null to search.</param>
    /// <returns>The file, or for MMLU the folder that holds <c>test</c>.</returns>
    /// <exception cref="FlextronException">It is nowhere; the message says where it was looked for and how to provide it.</exception>
    public string Find(EvaluationTask task, string? explicitPath = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (explicitPath is not null)
        {
            if (File.Exists(explicitPath)) return ExplicitFile(task, Path.GetFullPath(explicitPath));
            return UnderExplicit(task, Path.TrimEndingDirectorySeparator(Path.GetFullPath(explicitPath))) ?? throw new FlextronException(
                $"There are no data for {task.Name} at {explicitPath}: give the file itself or a folder that holds {Expected(task)}.");
        }

        var roots = new List<string>();
        if (_dataFolder is not null) roots.Add(_dataFolder);
        foreach (string start in _startFolders)
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                roots.Add(Path.Combine(folder.FullName, "data"));
                roots.Add(Path.Combine(folder.FullName, "shared", "data"));
            }
        }
        foreach (string root in roots.Distinct())
        {
            if (Under(task, root) is string found) return found;
        }
        throw new FlextronException(
            $"The data of {task.Name} were not found in {(_dataFolder is null ? $"{Variable} (not set)" : $"{Variable} ({_dataFolder})")}, in a data folder " +
            $"or in shared/data/eval at or above {string.Join(" and ", _startFolders.Distinct())}: put {Expected(task)} into one of them, " +
            $"set {Variable}, or give the path with --data.");
    }

    private static string ExplicitFile(EvaluationTask task, string file)
    {
        if (!IsFile(task.DataNames[0])) throw new FlextronException($"{task.Name} is read from a folder that holds {Expected(task)}, not from the file {file}: give that folder.");
        if (!task.IsTinyWorld && IsGenerated(Path.GetDirectoryName(file) ?? ""))
            throw new FlextronException($"{file} holds generated data, not {task.Name}: evaluate it as tinyworld-{task.Name.Split('_')[0]}.");
        return file;
    }

    private static string Expected(EvaluationTask task) =>
        IsFile(task.DataNames[0]) ? task.DataNames[0] : task.DataNames[0] + "/test/*_test.csv";

    // The folder may also be the dataset's own: the one that holds test.jsonl, or MMLU's test folder, whatever its name.
    private static string? UnderExplicit(EvaluationTask task, string folder)
    {
        if (Under(task, folder) is string found) return found;
        if (!IsFile(task.DataNames[0]) && task.IsTinyWorld == IsGenerated(folder) && IsMmlu(folder)) return folder;
        return Path.GetDirectoryName(folder) is string parent && Under(task, parent) is string inside
            && inside.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? inside : null;
    }

    private static string? Under(EvaluationTask task, string root)
    {
        foreach (string folder in (string[])[root, Path.Combine(root, task.IsTinyWorld ? "tinyworld" : "eval")])
        {
            foreach (string name in task.DataNames)
            {
                string path = Path.GetFullPath(Path.Combine(folder, name));
                if (IsFile(name) ? File.Exists(path) : IsMmlu(path)) return path;
            }
        }
        return null;
    }

    private static bool IsFile(string name) => Path.HasExtension(name);

    // Generated data lie in folders that say so, and are never scored under the name of the benchmark whose format they borrow.
    private static bool IsGenerated(string folder) => Path.GetFileName(folder).StartsWith("tinyworld-", StringComparison.OrdinalIgnoreCase);

    private static bool IsMmlu(string folder)
    {
        string test = Path.Combine(folder, "test");
        return Directory.Exists(test) && DataFile.Guard(test, () => Directory.EnumerateFiles(test, "*_test.csv").Any());
    }
}
