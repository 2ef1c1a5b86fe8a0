using System.Text.Json.Nodes;
using Flextron.Workbench.Comparisons;
using Flextron.Workbench.DepthComparisons;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Grids;
using Flextron.Workbench.PretrainingComparisons;
using Flextron.Workbench.RoutingComparisons;
using Flextron.Workbench.Studies;
using Flextron.Workbench.TransferComparisons;
using Flextron.Workbench.WayComparisons;

namespace Flextron.Workbench.Kinds;

/// <summary>The kinds of experiments there are.</summary>
public static class ExperimentKinds
{
    /// <summary>All of them; the first is meant where <c>experiment.json</c> names none.</summary>
    public static IReadOnlyList<ExperimentKind> All { get; } = [FlextronStudy.Kind, JointComparison.Kind, RoutingComparison.Kind, TransferComparison.Kind, MixtureComparison.Kind, PretrainingComparison.Kind, WayComparison.Kind];

    /// <summary>The name of an experiment's kind, known or not.</summary>
    /// <exception cref="FlextronException"><c>experiment.json</c> cannot be read.</exception>
    public static string NameOf(ExperimentFolder experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return ExperimentSettings.ReadText(experiment.SettingsPath, "kind") ?? All[0].Name;
    }

    /// <summary>An experiment's kind.</summary>
    /// <exception cref="FlextronException"><c>experiment.json</c> cannot be read, or names a kind that there is not.</exception>
    public static ExperimentKind Of(ExperimentFolder experiment) => Named(NameOf(experiment), experiment.SettingsPath);

    /// <summary>Runs an experiment: its kind's pipeline, or one for each point of its grid.</summary>
    /// <param name="experiment">Its folder.</param>
    /// <param name="overrides">See <see cref="SettingsOverrides"/>.</param>
    /// <param name="grid">See <see cref="SettingsGrid.Read"/>.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder.</returns>
    /// <exception cref="FlextronException">The settings are not its kind's, or something they name cannot be used.</exception>
    public static string Run(ExperimentFolder experiment, IReadOnlyList<string> overrides, IReadOnlyList<string> grid, RunOptions options)
    {
        ExperimentKind kind = Of(experiment);
        return Run(kind, experiment, kind.ReadSettings(experiment, overrides), SettingsGrid.Read(experiment.SettingsPath, grid), experiment.SettingsPath, options);
    }

    /// <summary>Runs settings from elsewhere, such as an earlier run's, with the grid that they hold.</summary>
    /// <param name="experiment">The experiment's folder.</param>
    /// <param name="settings">The settings; what is left out takes its default.</param>
    /// <param name="source">Where they are from, for messages.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder.</returns>
    /// <exception cref="FlextronException">The settings are not their kind's, or something they name cannot be used.</exception>
    public static string Run(ExperimentFolder experiment, JsonNode settings, string source, RunOptions options)
    {
        (ExperimentKind kind, JsonObject plain, SettingsGrid grid) = Parse(settings, source);
        return Run(kind, experiment, plain, grid, source, options);
    }

    /// <summary>Finds and hashes all data and models that settings from elsewhere read from outside, at every point of the grid that they hold.</summary>
    /// <param name="experiment">The experiment's folder.</param>
    /// <param name="settings">The settings; what is left out takes its default.</param>
    /// <param name="source">Where they are from, for messages.</param>
    /// <exception cref="FlextronException">The settings are not their kind's, or something they name is not there.</exception>
    public static IReadOnlyList<StageInput> Inputs(ExperimentFolder experiment, JsonNode settings, string source)
    {
        (ExperimentKind kind, JsonObject plain, SettingsGrid grid) = Parse(settings, source);
        return grid.IsEmpty ? kind.Inputs(experiment, plain, source) : [.. grid.Points(plain).SelectMany(p => kind.Inputs(experiment, p.Settings, source)).Distinct()];
    }

    private static (ExperimentKind Kind, JsonObject Settings, SettingsGrid Grid) Parse(JsonNode settings, string source)
    {
        if (settings is not JsonObject whole) throw new FlextronException($"{source}: the whole must be an object.");
        ExperimentKind kind = Named(whole["kind"] is JsonValue name ? name.ToString() : All[0].Name, source);
        var plain = (JsonObject)whole.DeepClone();
        plain.Remove(SettingsGrid.Key);
        return (kind, plain, SettingsGrid.Parse(whole[SettingsGrid.Key], source));
    }

    private static string Run(ExperimentKind kind, ExperimentFolder experiment, JsonNode settings, SettingsGrid grid, string source, RunOptions options) =>
        grid.IsEmpty ? kind.Run(experiment, settings, source, options) : GridRun.Run(kind, experiment, settings, grid, source, options);

    /// <summary>A kind by name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="source">The file that names it, for the message.</param>
    /// <exception cref="FlextronException">There is no such kind.</exception>
    public static ExperimentKind Named(string name, string source) => All.FirstOrDefault(k => k.Name == name)
        ?? throw new FlextronException($"{source} is of the kind \"{name}\", which there is not: {NearestName.Suggest(name, [.. All.Select(k => k.Name)])}");
}
