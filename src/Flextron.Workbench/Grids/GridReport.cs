using System.Globalization;
using System.Text.Json.Nodes;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.Grids;

/// <summary>Writes up a grid: headline results over all combinations, differences from the first, every number in tables.</summary>
internal static class GridReport
{
    private const int MostHeadlines = 8;

    public static void Write(ExperimentRun run, ExperimentKind kind, JsonNode settings, GridResults results)
    {
        string[] headlines = [.. kind.Headlines.Where(results.Names.Contains)];
        if (headlines.Length == 0) headlines = [.. results.Names.Take(MostHeadlines)];
        GridAxis[] axes = [.. results.Grid.Axes.Where(a => !a.IsSeed)];
        var report = new ReportDocument($"Over {results.Outcomes.Count} settings") { Subtitle = $"run {run.Name}; kind {kind.Name}" };
        if (settings["question"] is JsonValue question) report.Text($"**{question}**");
        report.Text(string.Create(CultureInfo.InvariantCulture, $"{results.Settings.Count} combinations of {Words(axes)}, {results.Seeds} {(results.Seeds == 1 ? "run" : "seeds")} each. Every point is a run of its own, with its report in `points/`; stages that points share were computed once."));
        report.Heading("Results");
        report.Table(new ReportTable(
            [.. axes.Select(a => new ReportColumn(a.Setting)), .. headlines.Select(h => new ReportColumn(h, "0.0000"))],
            results.Settings.Select(s => (IReadOnlyList<object?>)[.. axes.Select(a => (object?)SettingsGrid.Text(results.Value(s, a))), .. headlines.Select(h => Cell(results.Of(s, h)))]),
            results.Seeds > 1 ? $"Means over {results.Seeds} seeds ± half of the 95 % interval (Student's t)" : "One run each; ± is half of its own 95 % interval where it has one"));
        foreach (string name in headlines) report.Figure(GridFigures.Of(results, name), "grid-" + new string([.. name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]));
        if (results.Settings.Count > 1)
            report.Heading("Against the first").Table(new ReportTable(
                [new("setting"), .. headlines.Select(h => new ReportColumn(h, "+0.0000;-0.0000;0"))],
                results.Settings.Skip(1).Select(s => (IReadOnlyList<object?>)[s, .. headlines.Select(h => Cell(results.AgainstFirst(s, h)!))]),
                $"Difference from {results.Settings[0]}{(results.Seeds > 1 ? ", paired by seed, ± half of the 95 % interval; not corrected for the number of comparisons" : "; one seed, so without an interval")}"));
        report.Heading("Points").Table(new ReportTable(
            [new("point"), new("setting"), new("seeds"), new("run"), new("state")],
            results.Outcomes.Select(o => (IReadOnlyList<object?>)[o.Point.Number, o.Point.Setting, o.Point.Seeds, $"points/{o.Run.Name}", o.Run.Status.State.ToString().ToLowerInvariant()])));
        report.Settings("Settings", settings);
        report.Write(run.Folder);
        Tables(run, axes, results);
    }

    private static void Tables(ExperimentRun run, GridAxis[] axes, GridResults results)
    {
        string[] marks = [.. results.Outcomes.SelectMany(o => o.Run.ReadProvenance().Measured ?? []).Distinct().Where(m => !m.StartsWith("tables/", StringComparison.Ordinal))];
        run.MarkMeasured([.. marks.SelectMany(m => m.EndsWith('*') ? new[] { m, $"tables/points.{m}", $"tables/means.{m}" } : [$"{m} @ *", $"tables/points.{m}", $"tables/means.{m}*"])]);
        run.WriteTable("points", ["point", .. results.Grid.Axes.Select(a => a.Setting), .. results.Names],
            results.Outcomes.Select(o => (IReadOnlyList<object?>)[o.Point.Number, .. o.Point.Values.Select(SettingsGrid.Text), .. results.Names.Select(n => (object?)o.Summary[n].Value)]));
        run.WriteTable("means", [.. axes.Select(a => a.Setting), "seeds", .. results.Names.SelectMany(n => new[] { n, n + "_low", n + "_high" })],
            results.Settings.Select(s => (IReadOnlyList<object?>)[.. axes.Select(a => SettingsGrid.Text(results.Value(s, a))), results.Seeds,
                .. results.Names.SelectMany(n => results.Of(s, n) is var v ? new object?[] { v.Value, v.Low, v.High } : [])]));
        run.Summarize([.. results.Settings.SelectMany(s => results.Names.Select(n => KeyValuePair.Create($"{n} @ {s}", results.Of(s, n))))]);
    }

    private static string Words(GridAxis[] axes) => axes.Length == 0 ? "nothing but seeds" : string.Join(" and ", axes.Select(a => $"`{a.Setting}`"));

    private static object Cell(SummaryValue value) => PlusMinus.Of(value.Value, value.Low, value.High);
}
