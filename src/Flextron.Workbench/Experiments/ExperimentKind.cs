using System.Text.Json.Nodes;

namespace Flextron.Workbench.Experiments;

/// <summary>A kind of experiment: the record that its <c>experiment.json</c> is read into, and what running it does.</summary>
public sealed class ExperimentKind
{
    private readonly Func<ExperimentFolder, IReadOnlyList<string>, JsonNode> read;
    private readonly Func<ExperimentFolder, JsonNode, string, RunOptions, string> run;

    private ExperimentKind(
        string name, string purpose, Func<ExperimentFolder, IReadOnlyList<string>, JsonNode> read, Func<ExperimentFolder, JsonNode, string, RunOptions, string> run) =>
        (Name, Purpose, this.read, this.run) = (name, purpose, read, run);

    /// <summary>What <c>"kind"</c> says in <c>experiment.json</c>.</summary>
    public string Name { get; }

    /// <summary>What such an experiment answers, in a line.</summary>
    public string Purpose { get; }

    /// <summary>Makes a kind.</summary>
    /// <typeparam name="T">Its settings.</typeparam>
    /// <param name="name">Its name.</param>
    /// <param name="purpose">What it answers.</param>
    /// <param name="run">Runs it with resolved settings and returns the run's folder.</param>
    public static ExperimentKind Of<T>(string name, string purpose, Func<ExperimentFolder, T, RunOptions, string> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new ExperimentKind(
            name, purpose, (folder, overrides) => ExperimentSettings.ToJson(folder.ReadSettings<T>(overrides)),
            (folder, settings, source, options) => run(folder, ExperimentSettings.FromJson<T>(settings, source), options));
    }

    /// <summary>Reads the experiment's settings and runs it.</summary>
    /// <param name="experiment">Its folder.</param>
    /// <param name="overrides">See <see cref="SettingsOverrides"/>.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder.</returns>
    /// <exception cref="FlextronException">The settings are not such a kind's, or something they name cannot be used.</exception>
    public string Run(ExperimentFolder experiment, IReadOnlyList<string> overrides, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return run(experiment, read(experiment, overrides), experiment.SettingsPath, options);
    }

    /// <summary>Runs it with settings from elsewhere, such as an earlier run's.</summary>
    /// <param name="experiment">Its folder.</param>
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
