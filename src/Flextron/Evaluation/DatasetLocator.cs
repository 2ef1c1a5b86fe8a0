using Flextron.Data.Datasets;
using Flextron.Data.Records;
using Flextron.Evaluation.Tasks;

namespace Flextron.Evaluation;

/// <summary>
/// Finds a task's data: an explicit path; else the folder in <c>FLEXTRON_DATA</c>; else the cache that <c>flextron data</c> fills; else <c>data/</c> of
/// the repository (for the embedded tasks) and <c>shared/data/eval</c> beside it, searched upward from the program and from the current folder.
/// Wherever a file of records is expected, its <c>.jsonl</c>, <c>.parquet</c> and <c>.csv</c> forms will do.
/// </summary>
public sealed class DatasetLocator
{
    /// <summary>Name of the environment variable that holds a data folder.</summary>
    public const string Variable = "FLEXTRON_DATA";

    private readonly IReadOnlyList<string> _startFolders;
    private readonly string? _dataFolder;
    private readonly DatasetCache? _cache;

    /// <summary>Creates a locator with its surroundings given, as tests do.</summary>
    /// <param name="startFolders">Folders to search upward from.</param>
    /// <param name="dataFolder">A data folder to look in first, such as the variable's value, or null.</param>
    /// <param name="cache">The cache to look in after that, or null.</param>
    public DatasetLocator(IReadOnlyList<string> startFolders, string? dataFolder, DatasetCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(startFolders);
        _startFolders = startFolders;
        _dataFolder = string.IsNullOrWhiteSpace(dataFolder) ? null : dataFolder;
        _cache = cache;
    }

    /// <summary>The locator of this process: its program folder, its current folder and its environment.</summary>
    public static DatasetLocator FromEnvironment() =>
        new([AppContext.BaseDirectory, Directory.GetCurrentDirectory()], Environment.GetEnvironmentVariable(Variable), DatasetCache.OfUser());

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

        if (TryFind(task) is string found) return found;
        string variable = _dataFolder is null ? $"{Variable} (not set)" : $"{Variable} ({_dataFolder})", searched = string.Join(" and ", _startFolders.Distinct());
        string name = DatasetOf(task), wayOut = DatasetCatalog.Find(name) is null
            ? $"put {Expected(task)} into one of them, set {Variable}, or give the path with --data"
            : $"run `flextron data get {name}` where there is a network, or `flextron data add {name} PATH` for a copy of {Expected(task)} that you have (or set {Variable}, or give the path with --data)";
        throw new FlextronException(
            $"The data of {task.Name} were not found in {variable}, in the cache, in a data folder or in shared/data/eval at or above {searched}: {wayOut}.");
    }

    /// <summary>Searches as <see cref="Find"/> does without an explicit path; null where the data are nowhere.</summary>
    /// <exception cref="FlextronException">What the cache holds is damaged.</exception>
    public string? TryFind(EvaluationTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (_dataFolder is not null && Under(task, _dataFolder) is string given) return given;
        // What the cache holds is checked against the hashes it was stored with, every time.
        if (_cache is not null && Under(task, _cache.Root) is string cached && _cache.Verified(DatasetOf(task))) return cached;
        foreach (string start in _startFolders)
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                if ((Under(task, Path.Combine(folder.FullName, "data")) ?? Under(task, Path.Combine(folder.FullName, "shared", "data"))) is string found) return found;
            }
        }
        return null;
    }

    /// <summary>What belongs to found data: each file, and the name it has in the cache.</summary>
    /// <param name="task">The task.</param>
    /// <param name="path">What <see cref="Find"/> returned.</param>
    public static IReadOnlyList<(string File, string Name)> Files(EvaluationTask task, string path)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (Directory.Exists(path)) return [.. MmluFiles.All(path).Select(name => (Path.Combine(path, name), name.Replace('\\', '/')))];
        string name = Path.GetFileName(task.DataNames[0]), extension = Path.GetExtension(path).ToLowerInvariant();
        if (RecordReader.Extensions.Contains(extension)) name = Path.ChangeExtension(name, extension);
        string labels = PiqaTask.LabelFile(path);
        return File.Exists(labels) ? [(path, name), (labels, PiqaTask.LabelFile(name))] : [(path, name)];
    }

    private static string ExplicitFile(EvaluationTask task, string file)
    {
        if (!IsFile(task.DataNames[0])) throw new FlextronException($"{task.Name} is read from a folder that holds {Expected(task)}, not from the file {file}: give that folder.");
        if (!task.IsTinyWorld && IsGenerated(Path.GetDirectoryName(file) ?? ""))
            throw new FlextronException($"{file} holds generated data, not {task.Name}: evaluate it as {TinyWorldTwin(task)}.");
        return file;
    }

    private static string TinyWorldTwin(EvaluationTask task)
    {
        string twin = $"tinyworld-{task.Name.Split('_')[0]}";
        return TaskRegistry.Names.Contains(twin) ? twin : $"that one of {string.Join(", ", TaskRegistry.Names.Where(name => TaskRegistry.Get(name).IsTinyWorld))} that it was made for";
    }

    private static string Expected(EvaluationTask task) =>
        IsFile(task.DataNames[0]) ? task.DataNames[0] : task.DataNames[0] + "/test/*_test.csv";

    // The folder may also be the dataset's own: the one that holds test.jsonl, or MMLU's test folder, whatever its name.
    private static string? UnderExplicit(EvaluationTask task, string folder)
    {
        if (Under(task, folder) is string found) return found;
        if (!IsFile(task.DataNames[0]) && task.IsTinyWorld == IsGenerated(folder) && MmluFiles.IsMmlu(folder)) return folder;
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
                if (!IsFile(name) && MmluFiles.IsMmlu(path)) return path;
                if (IsFile(name) && SplitFiles.Candidates(path).FirstOrDefault(File.Exists) is string file) return file;
            }
        }
        return null;
    }

    private static bool IsFile(string name) => Path.HasExtension(name);

    private static string DatasetOf(EvaluationTask task) => task.DataNames[0].Split('/')[0];

    // Generated data lie in folders that say so, and are never scored under the name of the benchmark whose format they borrow.
    private static bool IsGenerated(string folder) => Path.GetFileName(folder).StartsWith("tinyworld-", StringComparison.OrdinalIgnoreCase);
}
