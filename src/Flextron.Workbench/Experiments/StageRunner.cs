using System.Text.Json.Nodes;
using Flextron.Progress;
using Flextron.Storage;
using Flextron.Workbench.Display;

namespace Flextron.Workbench.Experiments;

/// <summary>
/// Runs stages, each once: a finished one whose key is unchanged is taken from the store after its files are verified. Two processes at the
/// same stage wait for each other, a failed or interrupted stage leaves nothing but its checkpoints.
/// </summary>
public sealed class StageRunner
{
    private readonly StageStore _store;
    private readonly IProgressDisplay _display;
    private readonly TimeProvider _clock;
    private readonly Action<string> _say;
    private readonly Action<string, JsonObject>? _onMetric;
    private readonly Func<int> _threads;
    private readonly CancellationToken _cancellation;

    /// <summary>Creates the runner.</summary>
    /// <param name="store">Folder of the store; made when needed.</param>
    /// <param name="display">Shows progress; none by default.</param>
    /// <param name="clock">The time; the system's by default.</param>
    /// <param name="say">Takes messages; the display by default.</param>
    /// <param name="onMetric">Takes stage name and row for each row of metrics, whether measured now or in an earlier run.</param>
    /// <param name="threads">Threads that a stage is computed with, to be written down with it; 0 by default.</param>
    /// <param name="cancellation">Interrupts.</param>
    public StageRunner(
        string store, IProgressDisplay? display = null, TimeProvider? clock = null, Action<string>? say = null,
        Action<string, JsonObject>? onMetric = null, Func<int>? threads = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(store);
        _store = new StageStore(Path.GetFullPath(store));
        _display = display ?? ProgressDisplay.Quiet;
        _clock = clock ?? TimeProvider.System;
        _say = say ?? _display.Message;
        _onMetric = onMetric;
        _threads = threads ?? (() => 0);
        _cancellation = cancellation;
    }

    /// <summary>Returns the stage's result, computing it if need be.</summary>
    /// <param name="stage">What the result depends on.</param>
    /// <param name="body">Computes it into <see cref="StageContext.Folder"/>. What it reads beyond the definition must not change the result.</param>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    /// <exception cref="FlextronException">The store cannot be written; and whatever the body throws.</exception>
    public StageResult Run(StageDefinition stage, Action<StageContext> body)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(body);
        using FileLock held = FileLock.Take(_store.LockPath(stage),
            () => _say($"{stage.Name}: another run is computing this stage; waiting for it."), _cancellation);

        if (_store.Find(stage, out string? damage) is { } found)
        {
            StageResult result = Result(stage, found, reused: true);
            _say($"{stage.Name}: reused {stage.EntryName} (it took {ProgressText.Duration(result.Duration)})");
            foreach (MetricRow row in result.ReadMetrics()) _onMetric?.Invoke(stage.Name, row.Values);
            return result;
        }
        if (damage is not null)
        {
            _say($"{stage.Name}: the stored result {stage.EntryName} is damaged ({damage.TrimEnd('.')}); computing it again.");
            Storing(stage, () => _store.Remove(stage));
        }
        return Compute(stage, body);
    }

    private StageResult Compute(StageDefinition stage, Action<StageContext> body)
    {
        long begun = _clock.GetTimestamp();
        string outcome = "failed";
        _display.Begin(stage.Name);
        try
        {
            string checkpoints = _store.CheckpointPath(stage);
            string metricsPath = Path.Combine(checkpoints, StageStore.MetricsName);
            (string folder, IReadOnlyList<MetricRow> earlier) = Storing(stage, () => (_store.Prepare(stage), TakeEarlierMetrics(metricsPath)));
            using (var metrics = new MetricsLog(metricsPath, row => _onMetric?.Invoke(stage.Name, row)))
            {
                body(new StageContext(folder, checkpoints, new Reports(stage.Name, _display, _cancellation), metrics, earlier, _say, _cancellation));
            }
            StageManifest manifest = Storing(stage, () => _store.Complete(stage, _clock.GetUtcNow(), _clock.GetElapsedTime(begun), _threads()));
            outcome = "done";
            return Result(stage, manifest, reused: false);
        }
        catch (OperationCanceledException)
        {
            outcome = "interrupted";
            throw;
        }
        finally
        {
            _display.End(stage.Name, outcome);
            if (outcome != "done") CleanUp(stage);
        }
    }

    private static T Storing<T>(StageDefinition stage, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"Cannot store the result of the stage \"{stage.Name}\": {e.Message} Free some space or check that the folder can be written.", e);
        }
    }

    /// <summary>Rows that an interrupted attempt has left, set aside so that the new attempt begins an empty file.</summary>
    private static IReadOnlyList<MetricRow> TakeEarlierMetrics(string path)
    {
        string aside = path + ".earlier";
        if (File.Exists(path)) File.Move(path, aside, overwrite: true);
        return MetricsLog.Read(aside);
    }

    private void CleanUp(StageDefinition stage)
    {
        try
        {
            _store.Discard(stage);
            string checkpoints = _store.CheckpointPath(stage);
            // Metrics alone are no checkpoint.
            if (Directory.Exists(checkpoints) && Directory.EnumerateFileSystemEntries(checkpoints).All(f => Path.GetFileName(f).StartsWith(StageStore.MetricsName, StringComparison.Ordinal)))
                Directory.Delete(checkpoints, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The cause of the failure is on its way up and matters more; the next attempt clears the folder.
            _say($"{stage.Name}: could not clear {_store.UnfinishedPath(stage)}: {e.Message}");
        }
    }

    private StageResult Result(StageDefinition stage, StageManifest manifest, bool reused) =>
        new(stage.Name, stage.Key, _store.EntryPath(stage), reused, TimeSpan.FromSeconds(manifest.Seconds), manifest.Files, manifest.Threads);

    /// <summary>Shows all reports of a stage's parts under the stage's own name, with the part as a note.</summary>
    private sealed class Reports(string stage, IProgressDisplay display, CancellationToken cancellation) : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            string?[] notes = [value.Stage == stage ? null : value.Stage, value.Note];
            string note = string.Join(", ", notes.Where(n => !string.IsNullOrEmpty(n)));
            cancellation.ThrowIfCancellationRequested();
            display.Report(new StageProgress(stage, value.Done, value.Total, note.Length == 0 ? null : note));
        }
    }
}
