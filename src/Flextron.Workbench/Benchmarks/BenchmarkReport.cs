using System.Globalization;
using System.Text.Json.Serialization;
using Flextron.Storage;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Figures with the place and time they were measured at.</summary>
/// <param name="Environment">Processor, cores, threads, system, versions, date.</param>
/// <param name="Options">Rounds and sample length.</param>
/// <param name="Questions">What each benchmark compares, by "group: name".</param>
/// <param name="Figures">In the order measured.</param>
public sealed record BenchmarkReport(
    EnvironmentInfo Environment, BenchmarkOptions Options, IReadOnlyDictionary<string, string> Questions, IReadOnlyList<BenchmarkFigure> Figures)
{
    /// <summary>Pictures with the names of their files; written beside the report, not into it.</summary>
    [JsonIgnore]
    public IReadOnlyList<(string Name, Figure Figure)> Pictures { get; init; } = [];

    /// <summary>Whether every promise holds here.</summary>
    public bool AllHold => Figures.All(f => f.Holds != false);

    /// <summary>The report as Markdown: environment, then one table per benchmark, ratios first.</summary>
    public string ToMarkdown()
    {
        CultureInfo c = CultureInfo.InvariantCulture;
        var report = new ReportDocument("Benchmarks")
        {
            Subtitle = string.Create(c, $"{Environment.StartedUtc:yyyy-MM-dd HH:mm} UTC · median of {Options.Rounds} rounds, cases in turn; ratios are formed within a round"),
        };
        report.Table(new ReportTable([new("environment"), new("value")],
        [
            ["processor", Environment.Processor], ["cores", $"{Environment.Cores}"], ["libtorch threads", $"{Environment.LibtorchThreads}"],
            ["memory", string.Create(c, $"{Environment.MemoryBytes / 1e9:0.0} GB")],
            ["system", $"{Environment.OperatingSystem}, {Environment.Architecture}"], ["runtime", Environment.Runtime], ["libtorch", Environment.Libtorch],
            ["version", Environment.Version], ["commit", Environment.Commit is { } commit ? commit.Id[..12] + (commit.Dirty == true ? ", changed" : "") : "none"],
        ]));
        foreach (IGrouping<string, BenchmarkFigure> part in Figures.GroupBy(f => $"{f.Group}: {f.Benchmark}"))
        {
            report.Heading(part.Key);
            report.Text(Questions[part.Key]);
            report.Table(new ReportTable([new("figure"), new("median"), new("quartiles"), new("unit"), new("bound"), new("holds")],
                part.OrderBy(f => f.Unit.Length > 0).Select(f => (IReadOnlyList<object?>)
                    [f.Name, Digits(f.Value.Median), $"{Digits(f.Value.Lower)} … {Digits(f.Value.Upper)}", f.Unit.Length == 0 ? "ratio" : f.Unit, f.Bound?.ToString(), f.Holds])));
        }
        return MarkdownReport.Render(report);
    }

    /// <summary>Writes <c>benchmarks.json</c> and <c>benchmarks.md</c>, and pictures with their numbers into <c>figures</c>.</summary>
    /// <exception cref="FlextronException">The folder cannot be written.</exception>
    public void Write(string folder)
    {
        FlextronJson.WriteFile(Path.Combine(folder, "benchmarks.json"), this);
        AtomicFile.WriteAllText(Path.Combine(folder, "benchmarks.md"), ToMarkdown());
        foreach ((string name, Figure figure) in Pictures) FigureFiles.Write(figure, Path.Combine(folder, "figures"), name);
    }

    private static string Digits(double value) => value.ToString(Math.Abs(value) switch { >= 1000 => "0", >= 100 => "0.0", >= 10 => "0.00", _ => "0.000" }, CultureInfo.InvariantCulture);
}
