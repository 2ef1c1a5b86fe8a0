using System.Text.Json.Nodes;

namespace Flextron.Workbench.Experiments;

/// <summary>A kind of experiment: the record that its <c>experiment.json</c> is read into, and what running it does.</summary>
public sealed record ExperimentKind
{
    private readonly Func<ExperimentFolder, IReadOnlyList<string>, JsonNode> read;
    private readonly Action<JsonNode, string> check;
    private readonly Func<ExperimentFolder, JsonNode, string, RunOptions, string> run;
    private readonly Func<ExperimentFolder, JsonNode, long> bytes;
    private readonly Func<ExperimentFolder, JsonNode, string, IReadOnlyList<StageInput>> inputs;

    private ExperimentKind(
        string name, string purpose, Func<ExperimentFolder, IReadOnlyList<string>, JsonNode> read, Action<JsonNode, string> check,
        Func<ExperimentFolder, JsonNode, string, RunOptions, string> run, Func<ExperimentFolder, JsonNode, long> bytes,
        Func<ExperimentFolder, JsonNode, string, IReadOnlyList<StageInput>> inputs) =>
        (Name, Purpose, this.read, this.check, this.run, this.bytes, this.inputs) = (name, purpose, read, check, run, bytes, inputs);

    /// <summary>What <c>"kind"</c> says in <c>experiment.json</c>.</summary>
    public string Name { get; }

    /// <summary>What such an experiment answers, in a line.</summary>
    public string Purpose { get; }

    /// <summary>Results in a run's summary that say most; those that a run lacks are passed over.</summary>
    public IReadOnlyList<string> Headlines { get; init; } = [];

    /// <summary>Makes a kind.</summary>
    /// <typeparam name="T">Its settings.</typeparam>
    /// <param name="name">Its name.</param>
    /// <param name="purpose">What it answers.</param>
    /// <param name="check">Refuses settings with a value outside its range.</param>
    /// <param name="run">Runs it with resolved settings and returns the run's folder.</param>
    /// <param name="bytes">Memory that a run takes at its largest, about; none is counted by default.</param>
    /// <param name="inputs">Everything that a run reads from outside; nothing by default.</param>
    public static ExperimentKind Of<T>(
        string name, string purpose, Func<T, T> check, Func<ExperimentFolder, T, RunOptions, string> run,
        Func<ExperimentFolder, T, long>? bytes = null, Func<ExperimentFolder, T, IReadOnlyList<StageInput>>? inputs = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new ExperimentKind(
            name, purpose, (folder, overrides) => ExperimentSettings.ToJson(folder.ReadSettings<T>(overrides)),
            (settings, source) => check(ExperimentSettings.FromJson<T>(settings, source)),
            (folder, settings, source, options) => run(folder, ExperimentSettings.FromJson<T>(settings, source), options),
            (folder, settings) => bytes?.Invoke(folder, ExperimentSettings.FromJson<T>(settings, folder.SettingsPath)) ?? 0,
            (folder, settings, source) => inputs?.Invoke(folder, ExperimentSettings.FromJson<T>(settings, source)) ?? []);
    }

    /// <summary>An experiment's settings, defaults included.</summary>
    /// <param name="experiment">Its folder.</param>
    /// <param name="overrides">See <see cref="SettingsOverrides"/>.</param>
    /// <exception cref="FlextronException">The settings are not such a kind's.</exception>
    public JsonNode ReadSettings(ExperimentFolder experiment, IReadOnlyList<string> overrides)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return read(experiment, overrides);
    }

    /// <summary>Refuses settings that cannot be run.</summary>
    /// <param name="settings">The settings; what is left out takes its default.</param>
    /// <param name="source">Where they are from, for messages.</param>
    /// <exception cref="FlextronException">A key does not fit or a value is outside its range.</exception>
    public void Check(JsonNode settings, string source)
    {
        ArgumentNullException.ThrowIfNull(settings);
        check(settings, source);
    }

    /// <summary>Memory that a run takes at its largest, about; 0 where nobody knows.</summary>
    public long Bytes(ExperimentFolder experiment, JsonNode settings)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(settings);
        return bytes(experiment, settings);
    }

    /// <summary>Finds and hashes all data and models that a run reads from outside.</summary>
    /// <param name="experiment">The experiment's folder.</param>
    /// <param name="settings">The settings; what is left out takes its default.</param>
    /// <param name="source">Where they are from, for messages.</param>
    /// <exception cref="FlextronException">Something is not there.</exception>
    public IReadOnlyList<StageInput> Inputs(ExperimentFolder experiment, JsonNode settings, string source)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(settings);
        return inputs(experiment, settings, source);
    }

    /// <summary>Runs it.</summary>
    /// <param name="experiment">The experiment's folder.</param>
    /// <param name="settings">The settings; what is left out takes its default.</param>
    /// <param name="source">Where they are from, for messages.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder.</returns>
    /// <exception cref="FlextronException">The settings are not such a kind's, or something they name cannot be used.</exception>
    public string Run(ExperimentFolder experiment, JsonNode settings, string source, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(settings);
        return run(experiment, settings, source, options);
    }
}
