namespace Flextron.Workbench.Benchmarks;

/// <summary>
/// One question about speed. An implementation sets its cases up, has the session time them turn by turn, and reports figures; a new one is a
/// file here and a line in <see cref="BenchmarkList"/>.
/// </summary>
public interface IBenchmark
{
    /// <summary>What it belongs to, as typed on the command line: <c>training</c>, <c>slices</c>, <c>decode</c>.</summary>
    string Group { get; }

    /// <summary>Its name within the group.</summary>
    string Name { get; }

    /// <summary>What is compared with what, in a sentence: shapes, what is counted, what a bound means.</summary>
    string Question { get; }

    /// <summary>Measures and reports into the session.</summary>
    /// <param name="session">Times cases and takes figures.</param>
    void Measure(BenchmarkSession session);
}
