using Flextron.Progress;
using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>What the body of a stage works with.</summary>
public sealed class StageContext
{
    private readonly Action<string> _say;
    private readonly IReadOnlyList<MetricRow> _earlier;

    internal StageContext(
        string folder, string checkpoints, IProgress<StageProgress> progress, MetricsLog metrics, IReadOnlyList<MetricRow> earlier,
        Action<string> say, CancellationToken cancellation)
    {
        (Folder, Checkpoints, Progress, Metrics, Cancellation, _earlier, _say) = (folder, checkpoints, progress, metrics, cancellation, earlier, say);
    }

    /// <summary>Where the stage writes its files; empty at first, and kept only if the body returns.</summary>
    public string Folder { get; }

    /// <summary>
    /// A folder that outlives an interruption: the next attempt at the same work finds it as it was left. Deleted when the stage is finished.
    /// What lies there was written by the same settings and inputs, perhaps by a process that was killed: write it atomically.
    /// </summary>
    public string Checkpoints { get; }

    /// <summary>Takes reports of how far the stage has come.</summary>
    public IProgress<StageProgress> Progress { get; }

    /// <summary>Measured values: kept with the stage and shown in the metrics of every run that uses it.</summary>
    public MetricsLog Metrics { get; }

    /// <summary>Asks the stage to stop; long work passes it on or calls <see cref="CancellationToken.ThrowIfCancellationRequested"/> between steps.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Path of a file of the stage; its folder exists afterwards.</summary>
    /// <param name="name">Relative, with '/' between folders.</param>
    /// <exception cref="ArgumentException">The path would leave the stage's folder, or belongs to the store.</exception>
    public string File(string name)
    {
        string path = StageStore.Inside(Folder, name)
            ?? throw new ArgumentException($"\"{name}\" is not a file inside the stage's folder.", nameof(name));
        if (name is StageStore.ManifestName or StageStore.MetricsName) throw new ArgumentException($"\"{name}\" is written by the store itself.", nameof(name));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>Writes a value as an indented JSON file of the stage.</summary>
    public void WriteJson<T>(string name, T value) => FlextronJson.WriteFile(File(name), value);

    /// <summary>Writes a line to the run's log and shows it.</summary>
    public void Say(string text) => _say(text);

    /// <summary>
    /// Takes over metrics of an interrupted attempt, for a stage that goes on from a checkpoint; without this call they are dropped.
    /// </summary>
    /// <param name="keep">Which rows: those up to the checkpoint's step.</param>
    public void RestoreMetrics(Func<MetricRow, bool> keep)
    {
        foreach (MetricRow row in _earlier.Where(keep)) Metrics.Write(row.Values);
    }
}
