namespace Flextron.Workbench.Studies;

/// <summary>Which benchmarks are run at which budgets.</summary>
public sealed record BenchmarkSettings
{
    /// <summary>Task names; see <c>flextron evaluate --help</c>.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = ["tinyworld-lambada", "tinyworld-piqa", "tinyworld-mmlu"];

    /// <summary>The first so many documents of each task; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Worked examples before each question, in tasks that have them.</summary>
    public int Shots { get; init; }

    /// <summary>How many of the curve's targets are evaluated, spread evenly, the largest included.</summary>
    public int Budgets { get; init; } = 4;
}
