using System.Globalization;
using Flextron.Storage;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Two reports side by side, with the noise of both taken into account.</summary>
/// <param name="Rows">Figures that both have, in the order of the second.</param>
/// <param name="SameMachine">Whether processor, cores and libtorch threads agree; where not, only ratios can be compared.</param>
public sealed record BenchmarkComparison(IReadOnlyList<BenchmarkDifference> Rows, bool SameMachine)
{
    /// <summary>Compares what two folders or files hold.</summary>
    /// <exception cref="FlextronException">One of them is no benchmark report, or a damaged one.</exception>
    public static BenchmarkComparison OfFiles(string before, string after) => Of(Read(before), Read(after));

    /// <summary>Compares two reports.</summary>
    public static BenchmarkComparison Of(BenchmarkReport before, BenchmarkReport after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        Dictionary<(string, string, string), BenchmarkFigure> old = before.Figures.ToDictionary(f => (f.Group, f.Benchmark, f.Name));
        BenchmarkDifference[] rows =
        [
            .. after.Figures.Where(f => old.ContainsKey((f.Group, f.Benchmark, f.Name))).Select(f => new BenchmarkDifference(old[(f.Group, f.Benchmark, f.Name)], f)),
        ];
        bool same = (before.Environment.Processor, before.Environment.Cores, before.Environment.LibtorchThreads)
            == (after.Environment.Processor, after.Environment.Cores, after.Environment.LibtorchThreads);
        return new BenchmarkComparison(rows, same);
    }

    /// <summary>The comparison as a table in Markdown, what differs beyond its noise marked.</summary>
    public string ToMarkdown()
    {
        var report = new ReportDocument("Benchmarks compared")
        {
            Subtitle = (SameMachine ? "Same processor, cores and threads." : "Different machines: only ratios can be compared.")
                + " A difference counts where the quartiles of the two do not overlap; half of all rounds lie between them.",
        };
        report.Table(new ReportTable([new("benchmark"), new("figure"), new("unit"), new("before"), new("after"), new("after / before"), new("beyond noise")],
            Rows.Select(r => (IReadOnlyList<object?>)
                [$"{r.After.Group}: {r.After.Benchmark}", r.After.Name, r.After.Unit, Digits(r.Before.Value.Median), Digits(r.After.Value.Median), Digits(r.Factor), r.BeyondNoise switch { true => "yes", false => "no", null => "measured once" }])));
        return MarkdownReport.Render(report);
    }

    private static BenchmarkReport Read(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, "benchmarks.json") : path;
        if (!File.Exists(file)) throw new FlextronException($"There is no benchmark report at {path}: give a folder that `flextron bench --out` wrote, or its benchmarks.json.");
        BenchmarkReport report = FlextronJson.ReadFile<BenchmarkReport>(file, "benchmark report");
        if (report.Figures is null || report.Environment is null) throw new FlextronException($"{file} is not a benchmark report: it has no figures or no environment.");
        if (report.Figures.Any(f => f is not { Group: not null, Benchmark: not null, Name: not null, Unit: not null, Value: not null }))
            throw new FlextronException($"{file} is damaged: one of its figures lacks its name, unit or value. Measure again with `flextron bench --out`.");
        if (report.Figures.GroupBy(f => (f.Group, f.Benchmark, f.Name)).FirstOrDefault(g => g.Count() > 1)?.Key is { } twice)
            throw new FlextronException($"{file} is damaged: it has the figure '{twice.Name}' of {twice.Group}/{twice.Benchmark} twice. Measure again with `flextron bench --out`.");
        return report;
    }

    private static string Digits(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
