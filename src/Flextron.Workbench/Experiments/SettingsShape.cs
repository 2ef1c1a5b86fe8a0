using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>
/// Compares JSON with the type it is meant for, before it is deserialised, so that messages name the setting by its path and say what is
/// expected there.
/// </summary>
internal static class SettingsShape
{
    private static readonly HashSet<Type> Integers =
        [typeof(int), typeof(long), typeof(uint), typeof(ulong), typeof(short), typeof(ushort), typeof(byte), typeof(sbyte)];

    private static readonly HashSet<Type> Reals = [typeof(double), typeof(float), typeof(decimal), typeof(Half)];

    public static void Check(JsonNode? node, JsonTypeInfo type, string source, string path = "")
    {
        string at = path.Length == 0 ? "the whole" : $"\"{path}\"";
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object when type.PolymorphismOptions is null:
                if (node is not JsonObject group) throw Wrong(source, at, "an object", node);
                CheckObject(group, type, source, path);
                break;
            case JsonTypeInfoKind.Enumerable:
                if (node is not JsonArray list) throw Wrong(source, at, "a list", node);
                JsonTypeInfo element = type.Options.GetTypeInfo(type.ElementType!);
                for (int i = 0; i < list.Count; i++) CheckValue(list[i], element, nullable: !element.Type.IsValueType, source, $"{path}[{i}]");
                break;
            case JsonTypeInfoKind.Dictionary:
                if (node is not JsonObject map) throw Wrong(source, at, "an object", node);
                JsonTypeInfo value = type.Options.GetTypeInfo(type.ElementType!);
                foreach ((string key, JsonNode? item) in map) CheckValue(item, value, nullable: !value.Type.IsValueType, source, Join(path, key));
                break;
            case JsonTypeInfoKind.None when !Attribute.IsDefined(type.Type, typeof(JsonConverterAttribute)):
                CheckScalar(node, type.Type, source, at);
                break;
            default:
                break;
        }
    }

    private static void CheckObject(JsonObject group, JsonTypeInfo type, string source, string path)
    {
        foreach ((string key, JsonNode? value) in group)
        {
            JsonPropertyInfo? property = type.Properties.FirstOrDefault(p => p.Name == key);
            if (property is null)
            {
                string[] known = [.. type.Properties.Select(p => Join(path, p.Name))];
                throw new FlextronException($"{source} has an unknown setting \"{Join(path, key)}\": {NearestName.Suggest(Join(path, key), known)}");
            }
            bool nullable = property.AssociatedParameter?.IsNullable ?? property.IsSetNullable;
            if (property.CustomConverter is null) CheckValue(value, type.Options.GetTypeInfo(property.PropertyType), nullable, source, Join(path, key));
        }
        foreach (JsonPropertyInfo property in type.Properties)
            if (property.IsRequired && !group.ContainsKey(property.Name))
                throw new FlextronException($"{source} lacks the setting \"{Join(path, property.Name)}\": add it.");
    }

    private static void CheckValue(JsonNode? node, JsonTypeInfo type, bool nullable, string source, string path)
    {
        if (Nullable.GetUnderlyingType(type.Type) is { } underlying)
        {
            nullable = true;
            type = type.Options.GetTypeInfo(underlying);
        }
        if (node is null && nullable) return;
        Check(node, type, source, path);
    }

    private static void CheckScalar(JsonNode? node, Type type, string source, string at)
    {
        JsonValueKind kind = node?.GetValueKind() ?? JsonValueKind.Null;
        string text = node?.ToJsonString() ?? "null";
        if (type == typeof(bool))
        {
            if (kind is not (JsonValueKind.True or JsonValueKind.False)) throw Wrong(source, at, "true or false", node);
        }
        else if (Integers.Contains(type))
        {
            if (kind != JsonValueKind.Number || !BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                throw Wrong(source, at, "a whole number", node);
        }
        else if (Reals.Contains(type))
        {
            if (kind != JsonValueKind.Number && text is not ("\"NaN\"" or "\"Infinity\"" or "\"-Infinity\"")) throw Wrong(source, at, "a number", node);
        }
        else if (type == typeof(string))
        {
            if (kind != JsonValueKind.String) throw Wrong(source, at, "a text", node);
        }
        else if (type.IsEnum)
        {
            string[] names = [.. Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName)];
            string value = kind == JsonValueKind.String ? node!.GetValue<string>() : "";
            if (!value.Split(',').All(v => names.Contains(v.Trim(), StringComparer.OrdinalIgnoreCase)))
                throw Wrong(source, at, $"one of {string.Join(", ", names)}", node);
        }
    }

    private static FlextronException Wrong(string source, string at, string expected, JsonNode? node)
    {
        string shown = node?.ToJsonString(FlextronJson.Compact) ?? "null";
        return new FlextronException($"{source}: {at} must be {expected}, not {(shown.Length > 60 ? shown[..60] + "…" : shown)}.");
    }

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
