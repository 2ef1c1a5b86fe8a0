using System.Globalization;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.Reruns;

/// <summary>What repeating a run came to; saved in the new run's folder as <c>rerun.json</c> and <c>rerun.md</c>.</summary>
/// <param name="Run">Name of the run that was repeated.</param>
/// <param name="Rerun">Folder of the new run.</param>
/// <param name="Agrees">Whether everything that should repeat does, within the tolerance.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Agreement">Number by number.</param>
public sealed record RerunReport(string Run, string Rerun, bool Agrees, double Seconds, RunAgreement Agreement)
{
    /// <summary>File name of the report.</summary>
    public const string FileName = "rerun.json";

    /// <summary>The verdict in a sentence.</summary>
    public string Verdict
    {
        get
        {
            RunAgreement a = Agreement;
            int should = a.Exact + a.Close + a.Different;
            string measured = a.Measured > 0 ? string.Create(CultureInfo.InvariantCulture, $" {a.Measured:N0} more are measured latencies or decided by them, and are not expected to repeat.") : "";
            return string.Create(CultureInfo.InvariantCulture,
                $"Of {should:N0} values that should repeat, {a.Exact:N0} are the same to the last bit, {a.Close:N0} within the tolerance of {a.Tolerance:0.######}, {a.Different:N0} different.{measured}");
        }
    }

    /// <summary>The report as text with tables.</summary>
    public string ToMarkdown()
    {
        var document = new ReportDocument($"Rerun of {Run}") { Subtitle = $"run {Path.GetFileName(Rerun)}" };
        document.Text($"**{(Agrees ? "The run repeats" : "The run does not repeat")}.** {Verdict}");
        document.Table(new ReportTable(
            [new("part"), new("exact", "N0"), new("close", "N0") { Heading = "within tolerance" }, new("different", "N0"), new("measured", "N0"), new("largest", "0.0e+0") { Heading = "largest difference" }],
            Agreement.Parts.Select(p => (IReadOnlyList<object?>)[p.Part, p.Exact, p.Close, p.Different, p.Measured, p.Exact + p.Close + p.Different > 0 ? p.Largest : null]),
            "Values compared. The largest difference is relative to the larger of 1 and the values' magnitudes, over those that should repeat"));
        if (Agreement.Differences.Count > 0)
            document.Heading("Values that are not the same").Table(new ReportTable(
                [new("value"), new("recorded", "G9"), new("now", "G9"), new("difference", "0.0e+0"), new("verdict")],
                Agreement.Differences.Select(d => (IReadOnlyList<object?>)[d.Name, d.Before, d.Now, d.Difference, d.Agreement.ToString().ToLowerInvariant()]),
                $"The {Agreement.Differences.Count} most serious"));
        if (Agreement.Measurements.Count > 0)
            document.Heading("Measured").Table(new ReportTable(
                [new("result"), new("recorded", "G5"), new("now", "G5"), new("difference", "G3"), new("interval") { Heading = "95 % interval of the difference" }],
                Agreement.Measurements.Select(m => (IReadOnlyList<object?>)[m.Name, m.A?.Value, m.B?.Value, m.Difference, m.Low is null ? null : string.Create(CultureInfo.InvariantCulture, $"{m.Low:G3} to {m.High:G3}")]),
                "Latencies and what they decide, recorded and now"));
        document.Heading("Machine and program");
        if (Agreement.Environment.Count == 0) document.Text("Nothing that could change numbers differs.");
        else document.Table(new ReportTable([new("what"), new("recorded"), new("now"), new("effect") { Heading = "what it may do" }],
            Agreement.Environment.Select(e => (IReadOnlyList<object?>)[e.What, e.Before, e.Now, e.Effect])));
        if (Agreement.Settings.Count > 0)
            document.Table(new ReportTable([new("setting"), new("recorded"), new("now")],
                Agreement.Settings.Select(s => (IReadOnlyList<object?>)[s.Path, s.A, s.B]), "Settings that the record lacks, or that there are no more"));
        document.Heading("Stages").Table(new ReportTable(
            [new("stage"), new("files", "N0"), new("identical", "N0") { Heading = "byte for byte the same" }, new("measured"), new("threads", "0"), new("seconds", "0.0")],
            Agreement.Stages.Select(s => (IReadOnlyList<object?>)[s.Name, s.Files, s.Identical, s.Measured, s.Threads, s.Seconds]), "What each stage wrote"));
        return MarkdownReport.Render(document);
    }
}
