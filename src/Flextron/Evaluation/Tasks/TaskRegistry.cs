using System.Reflection;

namespace Flextron.Evaluation.Tasks;

/// <summary>All tasks by name. Data are found by <see cref="DatasetLocator"/>; prompts follow lm-evaluation-harness 0.4.13.</summary>
public static class TaskRegistry
{
    private static readonly EvaluationTask[] All = [.. typeof(ITaskFile).Assembly.GetTypes()
        .Where(type => type.IsClass && type.IsAssignableTo(typeof(ITaskFile))).SelectMany(TasksOf)
        .OrderBy(task => task.IsTinyWorld).ThenBy(task => task.Name, StringComparer.Ordinal)];

    /// <summary>All names: the published benchmarks, then those of the embedded data.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(task => task.Name)];

    /// <summary>The task of a name.</summary>
    /// <exception cref="FlextronException">There is no such task.</exception>
    public static EvaluationTask Get(string name) =>
        All.FirstOrDefault(task => task.Name.Equals(name?.Trim(), StringComparison.OrdinalIgnoreCase))
        ?? throw new FlextronException($"There is no task '{name}': choose from {string.Join(", ", Names)}.");

    private static IEnumerable<EvaluationTask> TasksOf(Type type) =>
        (IEnumerable<EvaluationTask>)type.GetProperty(nameof(ITaskFile.Tasks), BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
}
