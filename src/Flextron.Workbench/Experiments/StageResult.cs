using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>A finished stage: a folder of files in the store. The folder is shared by all runs and must not be changed.</summary>
/// <param name="Name">The stage.</param>
/// <param name="Key">What it depends on; see <see cref="StageDefinition.Key"/>.</param>
/// <param name="Folder">Its files.</param>
/// <param name="Reused">Whether it had been computed before.</param>
/// <param name="Duration">How long computing it took, now or then.</param>
/// <param name="Files">The files with their hashes.</param>
/// <param name="Threads">Threads that libtorch computed it with; 0 where an older version did not write them down.</param>
public sealed record StageResult(string Name, string Key, string Folder, bool Reused, TimeSpan Duration, IReadOnlyList<StageFile> Files, int Threads = 0)
{
    /// <summary>Path of one of the files.</summary>
    /// <exception cref="FlextronException">The stage wrote no such file.</exception>
    public string File(string name) => Files.Any(f => f.Path == name)
        ? Path.Combine(Folder, name)
        : throw new FlextronException($"The stage \"{Name}\" wrote no file \"{name}\": {NearestName.Suggest(name, [.. Files.Select(f => f.Path)])}");

    /// <summary>Reads one of the files as JSON.</summary>
    public T ReadJson<T>(string name) => FlextronJson.ReadFile<T>(File(name), $"output of the stage \"{Name}\"");

    /// <summary>The rows that the stage wrote to its metrics.</summary>
    public IReadOnlyList<MetricRow> ReadMetrics() => MetricsLog.Read(Path.Combine(Folder, StageStore.MetricsName));
}
