using System.Globalization;
using Flextron.Storage;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.RunReports;

/// <summary>Makes the report of any run readable: its own where it has one, else what can be said from its files, finished or not.</summary>
public static class RunReport
{
    private const string MarkdownName = "report.md", PageName = "report.html";

    /// <summary>Finds or writes the report's page.</summary>
    /// <param name="run">The run.</param>
    /// <returns>Path of the page, and whether it was made now.</returns>
    /// <exception cref="FlextronException">The run's files are damaged, or the page cannot be written.</exception>
    public static (string Page, bool Made) Of(RunRecord run)
    {
        ArgumentNullException.ThrowIfNull(run);
        string page = Path.Combine(run.Folder, PageName), markdown = Path.Combine(run.Folder, MarkdownName);
        if (File.Exists(page) && run.Status.State == RunState.Finished) return (page, false);
        // A finished run's Markdown is its report; the page is not kept under version control.
        if (File.Exists(markdown) && run.Status.State == RunState.Finished) MarkdownPage.Write(markdown, page);
        else Plain(run).Write(run.Folder);
        return (page, true);
    }

    /// <summary>What a run's files say, whatever its kind and however far it has come.</summary>
    internal static ReportDocument Plain(RunRecord run)
    {
        RunProvenance provenance = run.ReadProvenance();
        EnvironmentInfo environment = run.ReadEnvironment();
        var report = new ReportDocument($"Run {run.Name}") { Subtitle = string.Create(CultureInfo.InvariantCulture, $"{run.Status.State.ToString().ToLowerInvariant()}; begun {run.Status.StartedUtc:yyyy-MM-dd HH:mm} UTC; {environment.Processor}, {environment.LibtorchThreads} threads") };
        if (run.Status.State != RunState.Finished)
            report.Text($"**The run is {run.Status.State.ToString().ToLowerInvariant()}.** What follows is how far it came. Finished stages are kept: the command that began it goes on from there.");
        IReadOnlyDictionary<string, SummaryValue> summary = run.ReadSummary();
        if (summary.Count > 0)
            report.Heading("Results").Table(new ReportTable(
                [new("result"), new("value", "G6"), new("low", "G6") { Heading = "95 %, from" }, new("high", "G6") { Heading = "to" }, new("n", "N0")],
                summary.Select(s => (IReadOnlyList<object?>)[s.Key, s.Value.Value, s.Value.Low, s.Value.High, s.Value.N])));
        foreach (Figure curve in Curves(run)) report.Figure(curve, $"metrics-{curve.Series[0].Name}");
        report.Heading("Stages").Table(new ReportTable(
            [new("stage"), new("seconds", "0.0"), new("threads", "0"), new("reused"), new("measured")],
            provenance.Stages.Select(s => (IReadOnlyList<object?>)[s.Name, s.Seconds, s.Threads > 0 ? s.Threads : null, s.Reused, s.Measured])));
        return report.Details("Settings", run.ReadSettings().ToJsonString(FlextronJson.Indented));
    }

    private static IEnumerable<Figure> Curves(RunRecord run)
    {
        foreach (IGrouping<string?, MetricRow> stage in run.ReadMetrics().GroupBy(r => r.Stage))
        {
            (double Step, double Loss)[] points = [.. stage.Select(r => (Step: r.Number("step"), Loss: r.Number("loss"))).Where(p => p is { Step: { } s, Loss: { } l } && double.IsFinite(s) && double.IsFinite(l)).Select(p => (p.Step!.Value, p.Loss!.Value))];
            if (points.Length < 2) continue;
            string name = new([.. (stage.Key ?? "run").Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-')]);
            yield return new Figure($"Training loss, stage {name}", new Axis("Step"), new Axis("Training loss", "nats/token"),
                [new LineSeries(name, [.. points.Select(p => p.Step)], [.. points.Select(p => p.Loss)]) { Smoothing = points.Length / 20 }]);
        }
    }
}
