using Flextron.Latency;

namespace Flextron.Workbench.Benchmarks;

/// <summary>One measured number with its spread.</summary>
/// <param name="Group">The benchmark's group.</param>
/// <param name="Benchmark">The benchmark's name.</param>
/// <param name="Name">What the number is.</param>
/// <param name="Unit">Empty for a ratio.</param>
/// <param name="Value">Median and quartiles over the rounds.</param>
/// <param name="Bound">What the median has to be; null where nothing is promised.</param>
public sealed record BenchmarkFigure(string Group, string Benchmark, string Name, string Unit, Quartiles Value, BenchmarkBound? Bound)
{
    /// <summary>Whether the bound holds; null without one.</summary>
    public bool? Holds => Bound?.Holds(Value.Median);
}
