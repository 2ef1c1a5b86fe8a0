using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flextron.Storage;
using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.Experiments;

/// <summary>Two runs side by side.</summary>
/// <param name="A">Name of the first.</param>
/// <param name="B">Name of the second.</param>
/// <param name="Results">All results of either, by name.</param>
/// <param name="Settings">Settings in which they differ.</param>
public sealed record RunComparison(string A, string B, IReadOnlyList<SummaryDifference> Results, IReadOnlyList<SettingDifference> Settings)
{
    /// <summary>
    /// Compares summaries and settings. Where both runs kept observations of the same seeds or the same windows of text, the interval is Student's over their
    /// differences; else the observations count as independent (Welch's t).
    /// </summary>
    public static RunComparison Compare(RunRecord a, RunRecord b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return new RunComparison(a.Name, b.Name, Paired(Compare(a.ReadSummary(), b.ReadSummary()), a.ReadObservations(), b.ReadObservations()), CompareSettings(a.ReadSettings(), b.ReadSettings()));
    }

    /// <summary>Compares two summaries.</summary>
    public static IReadOnlyList<SummaryDifference> Compare(IReadOnlyDictionary<string, SummaryValue> a, IReadOnlyDictionary<string, SummaryValue> b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return [.. a.Keys.Union(b.Keys).Order(StringComparer.Ordinal).Select(name => CompareValues(name, a.GetValueOrDefault(name), b.GetValueOrDefault(name)))];
    }

    private static IReadOnlyList<SummaryDifference> Paired(
        IReadOnlyList<SummaryDifference> results, IReadOnlyDictionary<string, Observations> a, IReadOnlyDictionary<string, Observations> b) =>
        [.. results.Select(d => a.GetValueOrDefault(d.Name) is { } before && b.GetValueOrDefault(d.Name) is { } now && before.DifferencesTo(now) is { } differences ? OfPairs(d, differences) : d)];

    // The difference of the means stays the one shown, unless only some of the observations have a partner.
    private static SummaryDifference OfPairs(SummaryDifference of, IReadOnlyList<double> differences)
    {
        double mean = differences.Mean(), half = MeanInterval.HalfWidth(differences.StandardDeviation(), differences.Count);
        return of with { Difference = mean, Low = mean - half, High = mean + half, Pairs = differences.Count };
    }

    /// <summary>Lists the settings in which two runs differ, by path.</summary>
    public static IReadOnlyList<SettingDifference> CompareSettings(JsonNode a, JsonNode b)
    {
        var inA = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var inB = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Flatten(a, "", inA);
        Flatten(b, "", inB);
        return [.. inA.Keys.Union(inB.Keys).Order(StringComparer.Ordinal)
            .Select(path => new SettingDifference(path, inA.GetValueOrDefault(path), inB.GetValueOrDefault(path)))
            .Where(d => d.A != d.B)];
    }

    /// <summary>The comparison as tables in Markdown.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"| result | {A} | {B} | difference | 95 % interval | pairs |\n|---|---:|---:|---:|---|---:|\n");
        foreach (SummaryDifference d in Results)
            text.Append(CultureInfo.InvariantCulture, $"| {d.Name} | {Show(d.A?.Value)} | {Show(d.B?.Value)} | {Show(d.Difference)} | {(d.Low is null ? "" : $"{Show(d.Low)} to {Show(d.High)}")} | {d.Pairs} |\n");
        if (Settings.Count == 0) return text.Append("\nThe settings are the same.\n").ToString();
        text.Append(CultureInfo.InvariantCulture, $"\n| setting | {A} | {B} |\n|---|---|---|\n");
        foreach (SettingDifference d in Settings) text.Append(CultureInfo.InvariantCulture, $"| {d.Path} | {d.A} | {d.B} |\n");
        return text.ToString();
    }

    private static SummaryDifference CompareValues(string name, SummaryValue? a, SummaryValue? b)
    {
        if (a is null || b is null) return new SummaryDifference(name, a, b, null, null, null);
        double difference = b.Value - a.Value;
        if (a is not { Sd: { } sdA, N: { } nA and > 1 } || b is not { Sd: { } sdB, N: { } nB and > 1 }) return new SummaryDifference(name, a, b, difference, null, null);
        double half = MeanInterval.WelchHalfWidth(sdA, nA, sdB, nB);
        return new SummaryDifference(name, a, b, difference, difference - half, difference + half);
    }

    private static void Flatten(JsonNode? node, string path, SortedDictionary<string, string> into)
    {
        if (node is JsonObject { Count: > 0 } group)
        {
            foreach ((string key, JsonNode? value) in group) Flatten(value, path.Length == 0 ? key : $"{path}.{key}", into);
        }
        else if (node is JsonArray { Count: > 0 } list)
        {
            for (int i = 0; i < list.Count; i++) Flatten(list[i], $"{path}[{i}]", into);
        }
        else
        {
            into[path] = node?.ToJsonString(FlextronJson.Compact) ?? "null";
        }
    }

    private static string Show(double? value) => value?.ToString("G5", CultureInfo.InvariantCulture) ?? "";
}
