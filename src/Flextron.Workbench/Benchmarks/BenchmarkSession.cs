using System.Diagnostics;
using Flextron.Latency;
using Flextron.Progress;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Benchmarks;

/// <summary>What a benchmark measures with and reports to. Cases are timed turn by turn, after a warm-up, on an otherwise untouched process.</summary>
/// <remarks>
/// A package for micro-benchmarks measures one method after the other, in processes of their own; here the statement is a ratio within one
/// process and minute, on machines whose speed changes from minute to minute.
/// </remarks>
public sealed class BenchmarkSession
{
    private readonly IBenchmark benchmark;
    private readonly BenchmarkOptions options;
    private readonly IProgress<StageProgress>? progress;
    private readonly List<BenchmarkFigure> figures = [];
    private readonly List<(string Name, Figure Figure)> pictures = [];

    internal BenchmarkSession(IBenchmark benchmark, BenchmarkOptions options, IProgress<StageProgress>? progress)
    {
        this.benchmark = benchmark;
        this.options = options.Validated();
        this.progress = progress;
    }

    /// <summary>What was reported so far.</summary>
    public IReadOnlyList<BenchmarkFigure> Figures => figures;

    /// <summary>What was drawn so far, with the names of the files.</summary>
    public IReadOnlyList<(string Name, Figure Figure)> Pictures => pictures;

    /// <summary>Adds a picture to the report's folder.</summary>
    /// <param name="name">File name without extension.</param>
    /// <param name="figure">What it shows.</param>
    public void Draw(string name, Figure figure) => pictures.Add((name, figure));

    /// <summary>Times cases turn by turn. The order within a round turns with the rounds, so that none always follows the same neighbour.</summary>
    /// <param name="cases">At least one.</param>
    /// <returns>Times by case and round.</returns>
    public CaseTimings Time(params IReadOnlyList<BenchmarkCase> cases)
    {
        ArgumentNullException.ThrowIfNull(cases);
        int[] repeats = [.. cases.Select(Repeats)];
        Dictionary<string, double[]> times = cases.ToDictionary(c => c.Name, _ => new double[options.Rounds]);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        for (int round = 0; round < options.Rounds; round++)
        {
            for (int turn = 0; turn < cases.Count; turn++)
            {
                int i = (turn + round) % cases.Count;
                cases[i].Prepare?.Invoke();
                long start = Stopwatch.GetTimestamp();
                for (int r = 0; r < repeats[i]; r++) cases[i].Run();
                times[cases[i].Name][round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds / repeats[i];
            }
            progress?.Report(new StageProgress($"{benchmark.Group}: {benchmark.Name}", round + 1, options.Rounds));
        }
        return new CaseTimings(times);
    }

    /// <summary>Reports a ratio, one sample per round.</summary>
    public void Ratio(string name, IReadOnlyCollection<double> samples, BenchmarkBound? bound = null) => Report(name, "", samples, bound);

    /// <summary>Reports a quantity, one sample per round.</summary>
    public void Report(string name, string unit, IReadOnlyCollection<double> samples, BenchmarkBound? bound = null) =>
        figures.Add(new BenchmarkFigure(benchmark.Group, benchmark.Name, name, unit, Quartiles.Of(samples), bound));

    // Two runs warm up (first-touch memory, tiered compilation starts, libraries pick kernels); the second is timed to choose the repeats.
    private int Repeats(BenchmarkCase @case)
    {
        @case.Prepare?.Invoke();
        @case.Run();
        long start = Stopwatch.GetTimestamp();
        @case.Run();
        double ms = Math.Max(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 1e-4);
        int repeats = (int)Math.Clamp(Math.Ceiling(options.MinimumSampleMs / ms), 1, 1_000_000);
        for (int r = 0; r < repeats; r++) @case.Run();
        return repeats;
    }
}
