using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Progress;
using Flextron.Storage;
using Flextron.Workbench.Display;

namespace Flextron.Workbench.Experiments;

/// <summary>
/// A run of an experiment, while it goes on. A pipeline reads as a list of stages, each of which is computed only where its settings,
/// inputs or version have changed:
/// <code>
/// using ExperimentRun run = experiment.StartRun(settings, options);
/// StageResult ranking = run.Stage("rank", settings.Rank, [model, calibration], stage => stage.WriteJson("ranking.json", Rank(...)));
/// StageResult trained = run.Stage("train", settings.Train, [model, ranking], stage => ..., version: 2);
/// run.Summarize("loss", trained.ReadJson&lt;Losses&gt;("losses.json").Final);
/// run.Finish();
/// </code>
/// </summary>
/// <remarks>Disposed without <see cref="Finish"/>, the run counts as interrupted or failed, and what its stages have finished is kept.</remarks>
public sealed class ExperimentRun : IDisposable
{
    private readonly RunOptions _options;
    private readonly FileLock _lock;
    private readonly Lock _gate = new();
    private readonly RunLog _log;
    private readonly StageRunner _stages;
    private readonly SortedDictionary<string, Observations> _observations = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SummaryValue> _summary = new(StringComparer.Ordinal);
    private RunProvenance _provenance;
    private RunStatus _status;
    private bool _disposed;
    private bool _saidHowToGoOn;

    private ExperimentRun(ExperimentFolder experiment, string folder, FileLock held, JsonNode settings, string settingsHash, RunOptions options)
    {
        (Folder, _lock, _options) = (folder, held, options);
        _status = new RunStatus(RunState.Running, options.Clock.GetUtcNow());
        _provenance = new RunProvenance(settingsHash, options.Overrides, new SortedDictionary<string, long>(StringComparer.Ordinal), [], [], []);
        FlextronJson.WriteFile(File(RunFiles.State), _status);
        FlextronJson.WriteFile(File(RunFiles.Settings), settings);
        FlextronJson.WriteFile(File(RunFiles.Environment), EnvironmentInfo.Capture(experiment.Path, _status.StartedUtc));
        FlextronJson.WriteFile(File(RunFiles.Provenance), _provenance);
        _log = new RunLog(File(RunFiles.Log), options.Clock);
        Metrics = new MetricsLog(File(RunFiles.Metrics));
        _stages = new StageRunner(options.StorePath ?? experiment.CachePath, options.Display, options.Clock, Say, WriteStageMetric, StageThreads.Now, options.Cancellation);
        Say($"run {Name} of {experiment.Name}");
    }

    /// <summary>The run's folder, full path.</summary>
    public string Folder { get; }

    /// <summary>The run's name.</summary>
    public string Name => Path.GetFileName(Folder);

    /// <summary>Measured values of the run itself; stages write to their own, which appear here too.</summary>
    public MetricsLog Metrics { get; }

    /// <summary>Takes progress of work outside stages.</summary>
    public IProgress<StageProgress> Progress => _options.Display;

    /// <summary>Asks the run to stop.</summary>
    public CancellationToken Cancellation => _options.Cancellation;

    /// <summary>Where the report belongs.</summary>
    public string ReportPath => File(RunFiles.Report);

    /// <summary>Where figures belong; exists.</summary>
    public string FiguresFolder => Directory.CreateDirectory(File(RunFiles.Figures)).FullName;

    /// <summary>Where checkpoints worth keeping belong, not for version control; exists.</summary>
    public string CheckpointsFolder => Directory.CreateDirectory(File(RunFiles.Checkpoints)).FullName;

    /// <summary>Threads that libtorch will measure time with in a stage.</summary>
    public int MeasuringThreads(string stage) => Threads(stage, measures: true) is > 0 and var threads ? threads : StageThreads.Now();

    internal static ExperimentRun Start(ExperimentFolder experiment, JsonNode settings, RunOptions options)
    {
        string hash = CanonicalJson.Hash(settings);
        (string folder, FileLock held) = ClaimFolder(experiment, hash, options);
        try
        {
            return new ExperimentRun(experiment, folder, held, settings, hash, options);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Runs a stage, or takes its result from the store where nothing it depends on has changed.</summary>
    /// <param name="name">Letters, digits, '-' and '_'.</param>
    /// <param name="settings">The part of the settings that the stage reads, seeds included; any record, or null.</param>
    /// <param name="inputs">Files (<see cref="StageInput.Of"/>) and results of earlier stages.</param>
    /// <param name="body">Computes the result into the stage's folder.</param>
    /// <param name="version">Raise it when the stage's code changes so that results differ.</param>
    /// <param name="measures">Whether it measures time, so that it comes out a little differently each time, as does every stage that takes it in.</param>
    /// <exception cref="OperationCanceledException">Interrupted; how to go on has been said.</exception>
    /// <exception cref="FlextronException">An input is not what <see cref="RunOptions.ExpectedInputs"/> asks for.</exception>
    /// <exception cref="RunStoppedException">It was the stage after which the run stops.</exception>
    public StageResult Stage(string name, object? settings, IReadOnlyList<StageInput> inputs, Action<StageContext> body, int version = 1, bool measures = false)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        StageDefinition stage = StageDefinition.Of(name, settings, inputs, version);
        _options.RequireExpected(stage.Inputs.Where(i => _provenance.Stages.All(s => s.Name != i.Name)));
        StageResult result;
        try
        {
            using StageThreads threads = StageThreads.Set(Threads(name, measures));
            result = _stages.Run(stage, context => MeasuringGate.Run(measures, () => body(context)));
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            SayHowToGoOn($"Interrupted in the stage \"{name}\"");
            throw;
        }
        catch (Exception e)
        {
            _log.Write($"{name}: failed: {e}");
            throw;
        }
        lock (_gate) Record(stage, result, measures);
        if (name == _options.Until) throw new RunStoppedException(name, Folder);
        return result;
    }

    /// <summary>Runs stages that do not depend on each other, side by side where threads and memory allow; they are recorded in the order given.</summary>
    /// <param name="stages">Each calls <see cref="Stage"/> once.</param>
    /// <param name="bytesEach">Memory that one takes at its largest.</param>
    public StageResult[] Stages(IReadOnlyList<Func<StageResult>> stages, long bytesEach)
    {
        ArgumentNullException.ThrowIfNull(stages);
        int earlier = _provenance.Stages.Count;
        StageResult[] results = SideBySide.Run(stages.Count, SideBySide.Workers(stages.Count, bytesEach, _options.Parallel), i => stages[i]());
        string[] order = [.. results.Select(r => r.Name)];
        SaveProvenance(_provenance with { Stages = [.. _provenance.Stages.Take(earlier), .. _provenance.Stages.Skip(earlier).OrderBy(s => Array.IndexOf(order, s.Name))] });
        return results;
    }

    private int Threads(string stage, bool measures) => _options.ThreadsOf?.Invoke(stage) ?? (measures ? _options.MeasuringThreads : 0);

    private void Record(StageDefinition stage, StageResult result, bool measures)
    {
        RunProvenance.InputRecord[] used = [.. stage.Inputs.Select(i => new RunProvenance.InputRecord(i.Name, i.Hash))];
        IEnumerable<RunProvenance.InputRecord> outside = used.Where(i => _provenance.Stages.All(s => s.Name != i.Name));
        bool measured = measures || _provenance.Stages.Any(s => s.Measured && used.Any(i => i.Name == s.Name));
        var record = new RunProvenance.StageRecord(stage.Name, stage.Version, result.Key, used, result.Reused, result.Duration.TotalSeconds, result.Files, measured, result.Threads);
        SaveProvenance(_provenance with { Inputs = [.. _provenance.Inputs.Union(outside)], Stages = [.. _provenance.Stages, record] });
        if (!result.Reused) _log.Write($"{stage.Name}: done in {ProgressText.Duration(result.Duration)}");
    }

    /// <summary>Records a seed in the provenance.</summary>
    public void RecordSeed(string purpose, long seed) =>
        SaveProvenance(_provenance with { Seeds = new SortedDictionary<string, long>(_provenance.Seeds.ToDictionary(), StringComparer.Ordinal) { [purpose] = seed } });

    /// <summary>Says which results are times, or decided by times, so that a rerun is not expected to repeat them.</summary>
    /// <param name="names">Names in the summary or <c>tables/NAME.COLUMN</c>; a '*' at the end stands for any rest.</param>
    public void MarkMeasured(params IReadOnlyList<string> names) =>
        SaveProvenance(_provenance with { Measured = [.. (_provenance.Measured ?? []).Concat(names).Distinct()] });

    /// <summary>Records a result of the run in its summary; the file is complete after each call.</summary>
    /// <param name="name">A name that stays the same over runs, such as <c>perplexity.full</c>.</param>
    /// <param name="value">The number, or <see cref="SummaryValue.OfMean"/>.</param>
    public void Summarize(string name, SummaryValue value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Summarize([KeyValuePair.Create(name, value)]);
    }

    /// <summary>Records a result that is the mean of single observations, and those beside it, so that runs can be compared in pairs.</summary>
    public void Summarize(Observations observations)
    {
        ArgumentNullException.ThrowIfNull(observations);
        _observations[observations.Name] = observations;
        AtomicFile.WriteAllText(File(RunFiles.Observations), string.Concat(_observations.Values.Select(o => JsonSerializer.Serialize(o, FlextronJson.Compact) + "\n")));
        Summarize(observations.Name, observations.ToSummary());
    }

    /// <summary>Records many results at once.</summary>
    public void Summarize(IReadOnlyList<KeyValuePair<string, SummaryValue>> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        foreach ((string name, SummaryValue value) in results) _summary[name] = value;
        FlextronJson.WriteFile(File(RunFiles.Summary), _summary);
    }

    /// <summary>Writes a table to <c>tables/</c> and returns its path.</summary>
    /// <param name="name">Without extension.</param>
    /// <param name="header">Column names.</param>
    /// <param name="rows">Cells.</param>
    public string WriteTable(string name, IReadOnlyList<string> header, IEnumerable<IReadOnlyList<object?>> rows)
    {
        string path = File($"{RunFiles.Tables}/{name}.csv");
        CsvTable.Write(path, header, rows);
        return path;
    }

    /// <summary>Writes a line to the log and shows it.</summary>
    public void Say(string text)
    {
        _log.Write(text);
        _options.Display.Message(text);
    }

    /// <summary>Marks the run as finished.</summary>
    /// <exception cref="FlextronException">The stage after which it was to stop is not one of its stages.</exception>
    public void Finish()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_options.Until is { } until)
            throw new FlextronException($"The experiment has no stage \"{until}\" to stop after: its stages are {string.Join(", ", _provenance.Stages.Select(s => s.Name))}.");
        End(RunState.Finished);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) return;
        if (_status.State == RunState.Running)
        {
            if (Cancellation.IsCancellationRequested) SayHowToGoOn("Interrupted");
            bool stopped = Cancellation.IsCancellationRequested || _provenance.Stages.Any(s => s.Name == _options.Until);
            End(stopped ? RunState.Interrupted : RunState.Failed);
        }
        _disposed = true;
        Metrics.Dispose();
        _log.Dispose();
        _lock.Dispose();
    }

    private void SayHowToGoOn(string what)
    {
        if (_saidHowToGoOn) return;
        _saidHowToGoOn = true;
        string how = _options.ContinueCommand is { } command ? $"run this to go on: {command}" : "run the same again to go on";
        Say($"{what}. Finished stages are kept; {how}");
    }

    private void End(RunState state)
    {
        _status = _status with { State = state, EndedUtc = _options.Clock.GetUtcNow() };
        _log.Write(state.ToString().ToLowerInvariant());
        FlextronJson.WriteFile(File(RunFiles.State), _status);
    }

    private void SaveProvenance(RunProvenance provenance)
    {
        _provenance = provenance;
        FlextronJson.WriteFile(File(RunFiles.Provenance), provenance);
    }

    private void WriteStageMetric(string stage, JsonObject row)
    {
        var line = new JsonObject { ["stage"] = stage };
        foreach ((string key, JsonNode? value) in row) line[key] = value?.DeepClone();
        Metrics.Write(line);
    }

    private string File(string name) => StageStore.Inside(Folder, name) ?? throw new ArgumentException($"\"{name}\" is not a file inside the run's folder.", nameof(name));

    private static (string Folder, FileLock Held) ClaimFolder(ExperimentFolder experiment, string settingsHash, RunOptions options)
    {
        if (options.Name is { } given)
        {
            if (given.Length is 0 or > 100 || given[0] == '.' || !given.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                throw new FlextronException($"\"{given}\" cannot name a run: use letters, digits, '-', '_' and '.', not beginning with '.'.");
            return TryClaim(experiment, given, options) ?? throw new FlextronException(
                $"The experiment {experiment.Name} already has a run \"{given}\": choose another name (stages that it has finished are reused under any name).");
        }
        string name = string.Create(CultureInfo.InvariantCulture, $"{options.Clock.GetUtcNow():yyyyMMdd-HHmmss}-{settingsHash.AsSpan(0, 6)}");
        for (int i = 1; ; i++)
            if (TryClaim(experiment, i == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{i}"), options) is { } claimed) return claimed;
    }

    private static (string, FileLock)? TryClaim(ExperimentFolder experiment, string name, RunOptions options)
    {
        string folder = Path.Combine(options.RunsPath ?? experiment.RunsPath, name);
        // The lock first: of two processes that see no folder of this name, only one may make it.
        if (FileLock.TryTake(ExperimentFolder.RunLockPath(folder)) is not { } held) return null;
        if (Directory.Exists(folder))
        {
            held.Dispose();
            return null;
        }
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held.Dispose();
            throw new FlextronException($"Cannot make the run's folder {folder}: {e.Message} Check that it can be written.", e);
        }
        return (folder, held);
    }
}
