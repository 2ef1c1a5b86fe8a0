using System.Globalization;
using System.Text.Json.Nodes;
using Flextron.Data.Records;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Reruns;

/// <summary>The numbers of a run by part: its summary, each of its tables, the metrics of each stage.</summary>
internal static class RunValues
{
    public const string Summary = "summary";

    /// <summary>All parts of a run, and in each all cells by name. A cell that is no number is kept as text, so that changed choices are seen too.</summary>
    public static SortedDictionary<string, IReadOnlyList<RunCell>> Of(RunRecord run)
    {
        var parts = new SortedDictionary<string, IReadOnlyList<RunCell>>(StringComparer.Ordinal) { [Summary] = [.. SummaryCells(run)] };
        string tables = Path.Combine(run.Folder, "tables");
        if (Directory.Exists(tables))
            foreach (string file in Directory.EnumerateFiles(tables, "*.csv")) parts[$"tables/{Path.GetFileNameWithoutExtension(file)}"] = [.. TableCells(file)];
        foreach (IGrouping<string, MetricRow> stage in run.ReadMetrics().GroupBy(r => r.Stage ?? "run")) parts[$"metrics/{stage.Key}"] = [.. stage.SelectMany(MetricCells)];
        return parts;
    }

    private static IEnumerable<RunCell> SummaryCells(RunRecord run)
    {
        foreach ((string name, SummaryValue value) in run.ReadSummary())
        {
            yield return new RunCell(name, name, value.Value, null);
            foreach ((string part, double? number) in new (string, double?)[] { ("low", value.Low), ("high", value.High), ("sd", value.Sd), ("n", value.N) })
                if (number is not null) yield return new RunCell($"{name} ({part})", name, number, null);
        }
    }

    private static IEnumerable<RunCell> TableCells(string file)
    {
        IReadOnlyList<(int Line, string[] Fields)> rows = CsvReader.Read(file);
        if (rows.Count == 0) yield break;
        string table = $"tables/{Path.GetFileNameWithoutExtension(file)}";
        string[] header = rows[0].Fields;
        for (int r = 1; r < rows.Count; r++)
        {
            for (int c = 0; c < Math.Min(header.Length, rows[r].Fields.Length); c++)
                yield return Cell(string.Create(CultureInfo.InvariantCulture, $"row {r}, {header[c]}"), $"{table}.{header[c]}", rows[r].Fields[c]);
        }
    }

    private static IEnumerable<RunCell> MetricCells(MetricRow row, int index)
    {
        foreach ((string field, JsonNode? value) in row.Values.Where(f => f.Key != "stage"))
        {
            // A group of numbers, such as the losses of all budgets.
            IEnumerable<(string Name, MetricRow Row, string Field)> fields = value is JsonObject group ? group.Select(p => ($"{field}.{p.Key}", new MetricRow(group), p.Key)) : [(field, row, field)];
            foreach ((string path, MetricRow owner, string key) in fields)
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"row {index + 1}, {path}");
                yield return owner.Number(key) is { } number ? new RunCell(name, name, number, null) : new RunCell(name, name, null, owner.Values[key]?.ToJsonString() ?? "");
            }
        }
    }

    private static RunCell Cell(string name, string group, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? new RunCell(name, group, number, null) : new RunCell(name, group, null, text);
}
