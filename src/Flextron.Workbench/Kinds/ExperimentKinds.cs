using Flextron.Workbench.Comparisons;
using Flextron.Workbench.DepthComparisons;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.RoutingComparisons;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.Kinds;

/// <summary>The kinds of experiments there are.</summary>
public static class ExperimentKinds
{
    /// <summary>All of them; the first is meant where <c>experiment.json</c> names none.</summary>
    public static IReadOnlyList<ExperimentKind> All { get; } = [FlextronStudy.Kind, JointComparison.Kind, RoutingComparison.Kind, MixtureComparison.Kind];

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

    /// <summary>A kind by name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="source">The file that names it, for the message.</param>
    /// <exception cref="FlextronException">There is no such kind.</exception>
    public static ExperimentKind Named(string name, string source) => All.FirstOrDefault(k => k.Name == name)
        ?? throw new FlextronException($"{source} is of the kind \"{name}\", which there is not: {NearestName.Suggest(name, [.. All.Select(k => k.Name)])}");
}
