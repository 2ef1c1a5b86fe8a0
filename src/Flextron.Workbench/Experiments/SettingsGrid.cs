using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>
/// Values that settings take one after the other, every combination a point: <c>"grid": { "training.learningRate": [1e-3, 5e-4], "training.seed": [1, 2, 3] }</c>
/// in <c>experiment.json</c>, or <c>--grid training.seed=1,2,3</c>. Points that differ in seeds alone are repetitions of one another.
/// </summary>
/// <param name="Axes">The settings and their values, in the order given.</param>
public sealed record SettingsGrid(IReadOnlyList<GridAxis> Axes)
{
    /// <summary>Where a settings file has it.</summary>
    public const string Key = "grid";

    private const int MostPoints = 1000;

    /// <summary>Whether there is nothing to vary.</summary>
    public bool IsEmpty => Axes.Count == 0;

    /// <summary>Reads a grid from a settings file and from the command line; an axis given there replaces the file's.</summary>
    /// <param name="path">The settings file.</param>
    /// <param name="given">Each <c>key=value,value</c>, or <c>key=[…]</c> with values as JSON.</param>
    /// <exception cref="FlextronException">It is no grid.</exception>
    public static SettingsGrid Read(string path, IReadOnlyList<string> given)
    {
        ArgumentNullException.ThrowIfNull(given);
        List<GridAxis> axes = [.. Parse(ExperimentSettings.ReadPart(path, Key), path).Axes];
        foreach (string text in given)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) throw new FlextronException($"The grid \"{text}\" is not of the form key=value,value: write --grid training.seed=1,2,3.");
            (string key, string values) = (text[..equals].Trim(), text[(equals + 1)..].Trim());
            JsonArray list = values.StartsWith('[') && TryParse(values) is JsonArray array ? array : [.. values.Split(',').Select(v => TryParse(v.Trim()) ?? JsonValue.Create(v.Trim()))];
            int known = axes.FindIndex(a => a.Setting == key);
            GridAxis axis = Axis(key, list, "--grid");
            if (known < 0) axes.Add(axis);
            else axes[known] = axis;
        }
        return new SettingsGrid(axes).Validated(path);
    }

    /// <summary>Reads a grid as settings hold it.</summary>
    /// <param name="json">An object of lists, or null for none.</param>
    /// <param name="source">Where it is from, for messages.</param>
    /// <exception cref="FlextronException">It is no grid.</exception>
    public static SettingsGrid Parse(JsonNode? json, string source)
    {
        if (json is null) return new SettingsGrid([]);
        if (json is not JsonObject group) throw new FlextronException($"{source}: \"{Key}\" must be an object of lists, such as {{ \"training.seed\": [1, 2, 3] }}.");
        return new SettingsGrid([.. group.Select(p => Axis(p.Key, p.Value, source))]).Validated(source);
    }

    /// <summary>The same as settings hold it.</summary>
    public JsonObject ToJson() => new(Axes.Select(a => KeyValuePair.Create(a.Setting, (JsonNode?)new JsonArray([.. a.Values.Select(v => v?.DeepClone())]))));

    /// <summary>All combinations, the last axis fastest.</summary>
    /// <param name="settings">All settings, defaults included.</param>
    /// <exception cref="FlextronException">There is no such setting, or a value is of another kind.</exception>
    public IReadOnlyList<GridPoint> Points(JsonNode settings)
    {
        IEnumerable<IReadOnlyList<JsonNode?>> combinations = [[]];
        foreach (GridAxis axis in Axes) combinations = [.. combinations.SelectMany(c => axis.Values, (c, value) => (IReadOnlyList<JsonNode?>)[.. c, value])];
        return [.. combinations.Select((values, i) => new GridPoint(i + 1, [.. Axes], values, SettingsOverrides.Apply(settings, Axes.Zip(values, (a, v) => $"{a.Setting}={Text(v)}"))))];
    }

    /// <summary>A value as it is typed.</summary>
    internal static string Text(JsonNode? value) => value is JsonValue text && text.TryGetValue(out string? plain) ? plain : value?.ToJsonString(FlextronJson.Compact) ?? "null";

    private SettingsGrid Validated(string source)
    {
        long points = Axes.Aggregate(1L, (n, a) => Math.Min(n * a.Values.Count, int.MaxValue));
        if (points > MostPoints) throw new FlextronException($"{source}: the grid has {(points == int.MaxValue ? "billions of" : points)} points, more than {MostPoints}: vary fewer settings at a time.");
        return this;
    }

    private static GridAxis Axis(string setting, JsonNode? values, string source)
    {
        if (values is not JsonArray { Count: > 0 } list) throw new FlextronException($"{source}: the grid's \"{setting}\" must be a list of values, such as [1, 2, 3].");
        JsonNode?[] items = [.. list.Select(v => v?.DeepClone())];
        if (items.Select(Text).Distinct().Count() != items.Length) throw new FlextronException($"{source}: the grid's \"{setting}\" names a value twice: name each once.");
        return new GridAxis(setting, items);
    }

    private static JsonNode? TryParse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
