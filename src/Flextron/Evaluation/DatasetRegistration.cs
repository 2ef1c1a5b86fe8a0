using Flextron.Data.Datasets;
using Flextron.Evaluation.Tasks;

namespace Flextron.Evaluation;

/// <summary>Datasets on their way into the cache, read as their task reads them before they are kept.</summary>
public static class DatasetRegistration
{
    /// <summary>The task that reads a dataset, or null where none does yet.</summary>
    public static EvaluationTask? TaskOf(string dataset) => TaskRegistry.Names.Contains(dataset, StringComparer.OrdinalIgnoreCase) ? TaskRegistry.Get(dataset) : null;

    /// <summary>Reads a dataset's folder.</summary>
    /// <param name="dataset">Its name.</param>
    /// <param name="folder">A folder of that name.</param>
    /// <returns>Documents, or 0 where no task reads it yet.</returns>
    /// <exception cref="FlextronException">The task cannot read it.</exception>
    public static int Read(string dataset, string folder) =>
        TaskOf(dataset) is { } task ? task.ReadDocuments(new DatasetLocator([], null).Find(task, folder)).Count : 0;

    /// <summary>Copies a dataset that the user has into the cache.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="dataset">Its name in the catalogue.</param>
    /// <param name="path">Its file, its folder, or a folder that holds it.</param>
    /// <exception cref="FlextronException">There is no such dataset, it is not at the path, or the task cannot read it.</exception>
    public static DatasetLock Add(DatasetCache cache, string dataset, string path)
    {
        ArgumentNullException.ThrowIfNull(cache);
        DatasetManifest manifest = DatasetCatalog.Get(dataset);
        if (!File.Exists(path) && !Directory.Exists(path)) throw new FlextronException($"There is no file or folder {path}: check the path.");
        IReadOnlyList<(string File, string Name)> files = TaskOf(manifest.Name) is { } task
            ? DatasetLocator.Files(task, new DatasetLocator([], null).Find(task, path))
            : [(File.Exists(path) ? path : Path.Combine(path, manifest.Downloads[0].Files[0].Name), manifest.Downloads[0].Files[0].Name)];
        if (files.FirstOrDefault(f => !File.Exists(f.File)) is { File: string missing }) throw new FlextronException($"There is no file {missing}: give the file itself.");
        return cache.Install(
            manifest.Name,
            folder =>
            {
                foreach ((string file, string name) in files)
                {
                    string target = Path.Combine(folder, name);
                    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                    File.Copy(file, target);
                    // A copy of something read-only must stay replaceable.
                    File.SetAttributes(target, FileAttributes.Normal);
                }
            },
            folder => Read(manifest.Name, folder),
            () => new DatasetLock { Origin = "add", Source = Path.GetFullPath(path), FirstSeen = cache.FindLock(manifest.Name)?.FirstSeen ?? new Dictionary<string, string>() });
    }
}
