using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>Changes single settings from the command line: <c>--set rank.batches=8 --set "budgets[1]=0.5"</c>.</summary>
public static class SettingsOverrides
{
    /// <summary>Applies overrides in order to a copy of the settings; a later one wins.</summary>
    /// <param name="settings">All settings, defaults included, so that every known key is there.</param>
    /// <param name="overrides">
    /// Each <c>key=value</c>. Keys are dotted, elements of a list are named by <c>[index]</c> or <c>.index</c>. The value must be of the kind that
    /// is there: true or false, a number, a text (taken as it is; quotation marks around it are removed), a list (<c>[1,2]</c> or <c>1,2</c>)
    /// or an object (as JSON, replacing the whole). <c>null</c> clears a setting; where nothing is set, the value is read as JSON or else as a text.
    /// </param>
    /// <exception cref="FlextronException">No such key, a value of another kind, or not <c>key=value</c>.</exception>
    public static JsonNode Apply(JsonNode settings, IEnumerable<string> overrides)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(overrides);
        JsonNode result = settings.DeepClone();
        foreach (string text in overrides) ApplyOne(result, text);
        return result;
    }

    private static void ApplyOne(JsonNode root, string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string[] steps = (equals < 0 ? "" : text[..equals]).Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Trim().Split('.');
        if (equals < 0 || steps.Contains(""))
            throw new FlextronException($"The override \"{text}\" is not of the form key=value: write --set name.part=value, with list elements as name[0]=value.");
        string value = text[(equals + 1)..].Trim();

        JsonNode? node = root;
        string path = "";
        for (int i = 0; i < steps.Length; i++)
        {
            bool last = i == steps.Length - 1;
            if (node is JsonObject group)
            {
                string key = FindKey(group, steps[i], path);
                path = Join(path, key);
                if (last) group[key] = Convert(group[key], value, path);
                else node = group[key];
            }
            else if (node is JsonArray list)
            {
                if (!int.TryParse(steps[i], out int index) || index < 0 || index >= list.Count)
                    throw new FlextronException($"The override \"{text}\" names element \"{steps[i]}\" of {path}, which has {list.Count}: use [0] to [{list.Count - 1}], or set the whole list.");
                path = $"{path}[{index}]";
                if (last) list[index] = Convert(list[index], value, path);
                else node = list[index];
            }
            else
            {
                throw new FlextronException($"The override \"{text}\" looks for \"{steps[i]}\" in {path}, which has no parts: its value is {Show(node)}.");
            }
        }
    }

    private static string FindKey(JsonObject group, string name, string path)
    {
        string[] keys = group.Select(p => p.Key).ToArray();
        return keys.FirstOrDefault(k => k == name)
            ?? keys.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new FlextronException($"There is no setting \"{Join(path, name)}\": {NearestName.Suggest(Join(path, name), [.. keys.Select(k => Join(path, k))])}");
    }

    private static JsonNode? Convert(JsonNode? old, string value, string path)
    {
        if (value == "null") return null;
        if (old is null) return TryParse(value, out JsonNode? any) ? any : JsonValue.Create(value);
        JsonValueKind kind = old.GetValueKind();
        bool parsed = TryParse(value, out JsonNode? node);
        switch (kind)
        {
            case JsonValueKind.String:
                return parsed && node!.GetValueKind() == JsonValueKind.String ? node : JsonValue.Create(value);
            case JsonValueKind.True or JsonValueKind.False when parsed && node!.GetValueKind() is JsonValueKind.True or JsonValueKind.False:
            case JsonValueKind.Number when parsed && node!.GetValueKind() == JsonValueKind.Number:
            case JsonValueKind.Object when parsed && node is JsonObject:
                return node;
            case JsonValueKind.Array:
                if (parsed && node is JsonArray array) return CheckElements((JsonArray)old, array, path);
                JsonArray items = [];
                JsonNode? pattern = ((JsonArray)old).FirstOrDefault();
                foreach (string item in value.Length == 0 ? [] : value.Split(','))
                    items.Add(Convert(pattern, item.Trim(), $"{path}[{items.Count}]"));
                return items;
            case JsonValueKind.Object:
                string keys = string.Join(", ", ((JsonObject)old).Select(p => $"{path}.{p.Key}"));
                throw new FlextronException($"The setting {path} is a group, and \"{value}\" is not: set one of its parts ({keys}), or give an object as JSON.");
            default:
                throw new FlextronException($"The setting {path} must be {Expected(kind)}, and \"{value}\" is not: its present value is {Show(old)}.");
        }
    }

    private static JsonArray CheckElements(JsonArray old, JsonArray array, string path)
    {
        if (old.FirstOrDefault() is not { } pattern) return array;
        JsonValueKind Kind(JsonNode? n) => n is null ? JsonValueKind.Null : n.GetValueKind() is JsonValueKind.False ? JsonValueKind.True : n.GetValueKind();
        for (int i = 0; i < array.Count; i++)
            if (Kind(array[i]) != Kind(pattern))
                throw new FlextronException($"The setting {path}[{i}] must be {Expected(Kind(pattern))}, and \"{Show(array[i])}\" is not: the present list is {Show(old)}.");
        return array;
    }

    private static string Expected(JsonValueKind kind) => kind switch
    {
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.Number => "a number",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        _ => "a text",
    };

    private static bool TryParse(string text, out JsonNode? node)
    {
        try
        {
            node = JsonNode.Parse(text);
            return node is not null;
        }
        catch (JsonException)
        {
            node = null;
            return false;
        }
    }

    private static string Show(JsonNode? node) => node?.ToJsonString(FlextronJson.Compact) ?? "null";

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
