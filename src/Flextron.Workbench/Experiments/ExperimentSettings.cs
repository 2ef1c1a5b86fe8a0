using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>Reads the settings of an experiment strictly: an unknown key, a missing one or a value of another kind is refused.</summary>
public static class ExperimentSettings
{
    private static readonly JsonSerializerOptions Strict = new(FlextronJson.Indented)
    {
        PropertyNameCaseInsensitive = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutComputed } },
    };

    private static readonly JsonDocumentOptions Tolerant = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, AllowDuplicateProperties = false };

    /// <summary>Reads a settings file (comments and trailing commas are allowed) and applies overrides. What it says about a grid is left to <see cref="SettingsGrid"/>.</summary>
    /// <typeparam name="T">A record of settings; keys are its property names in camel case, and computed properties are no settings.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="overrides">See <see cref="SettingsOverrides"/>; every setting of <typeparamref name="T"/> can be set, also one that the file leaves at its default.</param>
    /// <exception cref="FlextronException">The file is missing or no JSON, or a key or value does not fit.</exception>
    public static T Read<T>(string path, IEnumerable<string>? overrides = null)
    {
        if (!File.Exists(path)) throw new FlextronException($"There are no settings at {path}: check the path.");
        JsonNode file = Parse(path);
        if (file is JsonObject whole) whole.Remove(SettingsGrid.Key);
        T settings = FromJson<T>(file, path);
        string[] changes = overrides?.ToArray() ?? [];
        if (changes.Length == 0) return settings;
        return FromJson<T>(SettingsOverrides.Apply(ToJson(settings), changes), "The overriding --set options");
    }

    /// <summary>One text at the top of a settings file, before it is known which settings it holds.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">The setting.</param>
    /// <returns>The text, or null where the setting is left out.</returns>
    /// <exception cref="FlextronException">The file is missing or no JSON object, or the setting is no text.</exception>
    public static string? ReadText(string path, string key)
    {
        if (!File.Exists(path)) throw new FlextronException($"There are no settings at {path}: check the path.");
        if (Parse(path) is not JsonObject settings) throw new FlextronException($"{path}: the whole must be an object.");
        if (!settings.TryGetPropertyValue(key, out JsonNode? value)) return null;
        return value is JsonValue text && text.GetValueKind() == JsonValueKind.String
            ? text.GetValue<string>()
            : throw new FlextronException($"{path}: \"{key}\" must be a text, not {value?.ToJsonString(FlextronJson.Compact) ?? "null"}.");
    }

    /// <summary>All settings as JSON, defaults included.</summary>
    public static JsonNode ToJson<T>(T settings) => JsonSerializer.SerializeToNode(settings, Strict) ?? throw new ArgumentNullException(nameof(settings));

    /// <summary>Makes settings of JSON.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="source">Where it is from, for messages.</param>
    /// <exception cref="FlextronException">A key or value does not fit.</exception>
    public static T FromJson<T>(JsonNode json, string source)
    {
        ArgumentNullException.ThrowIfNull(json);
        SettingsShape.Check(json, Strict.GetTypeInfo(typeof(T)), source);
        try
        {
            return json.Deserialize<T>(Strict) ?? throw new JsonException("it is empty");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or ArgumentException or InvalidOperationException)
        {
            throw new FlextronException($"{source}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>One part at the top of a settings file, as it stands there.</summary>
    internal static JsonNode? ReadPart(string path, string key) => Parse(path) is JsonObject settings ? settings[key]?.DeepClone() : null;

    private static JsonNode Parse(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path), documentOptions: Tolerant) ?? throw new JsonException("it is empty");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{path} is not a readable settings file: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static void LeaveOutComputed(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object) return;
        for (int i = type.Properties.Count - 1; i >= 0; i--)
            if (type.Properties[i].Set is null && type.Properties[i].AssociatedParameter is null) type.Properties.RemoveAt(i);
    }
}
