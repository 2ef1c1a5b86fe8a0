using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>A run as its files tell it, during and after.</summary>
public sealed class RunRecord
{
    private RunRecord(string folder, RunStatus status) => (Folder, Status) = (folder, status);

    /// <summary>The run's folder, full path.</summary>
    public string Folder { get; }

    /// <summary>The run's name.</summary>
    public string Name => Path.GetFileName(Folder);

    /// <summary>How far it has come. A run whose process has ended without saying so is interrupted.</summary>
    public RunStatus Status { get; }

    /// <summary>Whether a folder holds a run.</summary>
    public static bool IsRun(string folder) => File.Exists(Path.Combine(folder, RunFiles.State));

    /// <summary>Opens a run.</summary>
    /// <exception cref="FlextronException">The folder holds no run.</exception>
    public static RunRecord Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var status = FlextronJson.ReadFile<RunStatus>(Path.Combine(full, RunFiles.State), "run");
        if (status.State == RunState.Running && !FileLock.IsTaken(ExperimentFolder.RunLockPath(full))) status = status with { State = RunState.Interrupted };
        return new RunRecord(full, status);
    }

    /// <summary>The runs of a grid's points, in order; none where the run is not of a grid.</summary>
    public IReadOnlyList<RunRecord> Points()
    {
        string points = Path.Combine(Folder, RunFiles.Points);
        return !Directory.Exists(points) ? [] : [.. Directory.EnumerateDirectories(points).Where(IsRun).Order(StringComparer.Ordinal).Select(Open)];
    }

    /// <summary>The resolved settings as JSON.</summary>
    /// <exception cref="FlextronException">The file is missing or damaged; so for the others.</exception>
    public JsonNode ReadSettings() => FlextronJson.ReadFile<JsonNode>(Path.Combine(Folder, RunFiles.Settings), "settings file");

    /// <summary>The resolved settings.</summary>
    public T ReadSettings<T>() => ExperimentSettings.FromJson<T>(ReadSettings(), Path.Combine(Folder, RunFiles.Settings));

    /// <summary>Where and with what it was made.</summary>
    public EnvironmentInfo ReadEnvironment() => FlextronJson.ReadFile<EnvironmentInfo>(Path.Combine(Folder, RunFiles.Environment), "environment description");

    /// <summary>What its results come from.</summary>
    public RunProvenance ReadProvenance() => FlextronJson.ReadFile<RunProvenance>(Path.Combine(Folder, RunFiles.Provenance), "provenance");

    /// <summary>What its results and those of a grid's points come from.</summary>
    internal RunProvenance[] Provenances() => [ReadProvenance(), .. Points().Select(p => p.ReadProvenance())];

    /// <summary>Measured values; may be read while the run goes on.</summary>
    public IReadOnlyList<MetricRow> ReadMetrics() => MetricsLog.Read(Path.Combine(Folder, RunFiles.Metrics));

    /// <summary>The single observations behind results, by name; empty where none were kept.</summary>
    public IReadOnlyDictionary<string, Observations> ReadObservations()
    {
        string path = Path.Combine(Folder, RunFiles.Observations);
        if (!File.Exists(path)) return new Dictionary<string, Observations>();
        try
        {
            return File.ReadLines(path).Where(l => l.Length > 0).Select(l => JsonSerializer.Deserialize<Observations>(l, FlextronJson.Compact))
                .Where(o => o is { Name: not null, Keys: not null, Values: not null }).DistinctBy(o => o!.Name).ToDictionary(o => o!.Name, o => o!);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{path} does not hold observations: {e.Message.ReplaceLineEndings(" ")} Remove the file to compare without pairs.", e);
        }
    }

    /// <summary>Results by name; empty where there are none yet.</summary>
    public IReadOnlyDictionary<string, SummaryValue> ReadSummary()
    {
        string path = Path.Combine(Folder, RunFiles.Summary);
        return File.Exists(path) ? FlextronJson.ReadFile<SortedDictionary<string, SummaryValue>>(path, "summary") : new SortedDictionary<string, SummaryValue>();
    }
}
