using System.Globalization;
using Flextron.Workbench.Experiments;

namespace Flextron.Cli.CommandLine;

/// <summary>What a finished run of an experiment says.</summary>
internal static class StudyVerbResult
{
    /// <summary>Reads the run's summary.</summary>
    /// <param name="run">The run's folder.</param>
    /// <param name="duration">How long it took, stages taken from the store not counted.</param>
    public static VerbResult Of(string run, TimeSpan duration)
    {
        RunRecord record = RunRecord.Open(run);
        string report = Path.Combine(run, "report.html");
        var json = new { run, report = File.Exists(report) ? report : null, seconds = Math.Round(duration.TotalSeconds, 1), state = record.Status.State, summary = record.ReadSummary() };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["result", "value", "95 % interval", "n"], json.summary.Select(s => new[]
            {
                s.Key, s.Value.Value.ToString("0.######", c), s.Value.Low is { } low && s.Value.High is { } high ? string.Create(c, $"{low:0.####} to {high:0.####}") : "", s.Value.N?.ToString(c) ?? "",
            }));
            writer.WriteLine();
            if (duration > TimeSpan.Zero) writer.WriteLine(string.Create(c, $"{duration.TotalSeconds:0} s; run {run}"));
            if (json.report is not null) writer.WriteLine($"Open the report: {json.report}");
        });
    }
}
