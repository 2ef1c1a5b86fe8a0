using Flextron.Progress;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Runs benchmarks by group and gathers their report. The machine's limits are always among them.</summary>
public static class BenchmarkRunner
{
    /// <summary>Names of all groups.</summary>
    public static IReadOnlyList<string> Groups => [.. BenchmarkList.All().Select(b => b.Group).Distinct()];

    /// <summary>Measures.</summary>
    /// <param name="selected">Groups, or single benchmarks as <c>group/name</c>; none means all.</param>
    /// <param name="options">How long.</param>
    /// <param name="progress">Reports rounds.</param>
    /// <exception cref="FlextronException">There is no such group or benchmark.</exception>
    public static BenchmarkReport Run(IReadOnlyList<string> selected, BenchmarkOptions options, IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(selected);
        ArgumentNullException.ThrowIfNull(options);
        options.Validated();
        IReadOnlyList<IBenchmark> all = BenchmarkList.All();
        foreach (string name in selected)
        {
            if (!all.Any(b => Matches(b, name)))
                throw new FlextronException($"There is no benchmark '{name}': {NearestName.Suggest(name, [.. Groups, .. all.Select(Path)])}");
        }
        EnvironmentInfo environment = EnvironmentInfo.Capture(Directory.GetCurrentDirectory(), DateTimeOffset.UtcNow);
        var figures = new List<BenchmarkFigure>();
        var pictures = new List<(string, Figure)>();
        var questions = new Dictionary<string, string>();
        foreach (IBenchmark benchmark in all.Where(b => b is MachineBenchmark || selected.Count == 0 || selected.Any(s => Matches(b, s))))
        {
            var session = new BenchmarkSession(benchmark, options, progress);
            benchmark.Measure(session);
            figures.AddRange(session.Figures);
            pictures.AddRange(session.Pictures);
            questions[$"{benchmark.Group}: {benchmark.Name}"] = benchmark.Question;
        }
        return new BenchmarkReport(environment, options, questions, figures) { Pictures = pictures };
    }

    private static string Path(IBenchmark benchmark) => $"{benchmark.Group}/{benchmark.Name}";

    private static bool Matches(IBenchmark benchmark, string name) => name == benchmark.Group || name == Path(benchmark);
}
