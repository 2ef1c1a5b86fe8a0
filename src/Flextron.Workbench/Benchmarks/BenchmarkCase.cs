namespace Flextron.Workbench.Benchmarks;

/// <summary>One of the things that a benchmark times against each other.</summary>
/// <param name="Name">Unique within the benchmark.</param>
/// <param name="Run">Does the work once, and finishes it: no work may be left queued.</param>
public sealed record BenchmarkCase(string Name, Action Run)
{
    /// <summary>Brings about what the work needs, before every turn and untimed.</summary>
    public Action? Prepare { get; init; }
}
