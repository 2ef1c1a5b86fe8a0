using System.Text.Json.Nodes;
using Flextron.Workbench.Experiments;
using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.Grids;

/// <summary>What the points of a grid found, with repetitions under other seeds taken together, and differences paired by seed.</summary>
internal sealed class GridResults
{
    private readonly Dictionary<string, GridOutcome[]> bySetting;

    public GridResults(SettingsGrid grid, IReadOnlyList<GridOutcome> outcomes)
    {
        (Grid, Outcomes) = (grid, outcomes);
        bySetting = outcomes.GroupBy(o => o.Point.Setting).ToDictionary(g => g.Key, g => g.ToArray());
        Settings = [.. outcomes.Select(o => o.Point.Setting).Distinct()];
        Names = [.. outcomes.SelectMany(o => o.Summary.Keys).Distinct().Where(n => outcomes.All(o => o.Summary.ContainsKey(n))).Order(StringComparer.Ordinal)];
    }

    public SettingsGrid Grid { get; }

    public IReadOnlyList<GridOutcome> Outcomes { get; }

    /// <summary>Combinations of values other than seeds.</summary>
    public IReadOnlyList<string> Settings { get; }

    /// <summary>Results that every point has.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Repetitions of each combination.</summary>
    public int Seeds => Outcomes.Count / Settings.Count;

    /// <summary>The value that an axis has in a combination.</summary>
    public JsonNode? Value(string setting, GridAxis axis)
    {
        GridPoint point = bySetting[setting][0].Point;
        return point.Values[point.Axes.ToList().IndexOf(axis)];
    }

    /// <summary>A result over seeds: mean with its t interval; with one seed what the run itself says.</summary>
    public SummaryValue Of(string setting, string name) => Over([.. bySetting[setting].Select(o => o.Summary[name])]);

    /// <summary>A combination's result minus the first combination's, seed by seed; null for the first itself.</summary>
    public SummaryValue? AgainstFirst(string setting, string name)
    {
        if (setting == Settings[0]) return null;
        Dictionary<string, double> first = bySetting[Settings[0]].ToDictionary(o => o.Point.Seeds, o => o.Summary[name].Value);
        return Over([.. bySetting[setting].Select(o => (SummaryValue)(o.Summary[name].Value - first[o.Point.Seeds]))]);
    }

    private static SummaryValue Over(SummaryValue[] values) => values.Length == 1 ? values[0]
        : SummaryValue.OfMean(values.Select(v => v.Value).Mean(), values.Select(v => v.Value).StandardDeviation(), values.Length);
}
