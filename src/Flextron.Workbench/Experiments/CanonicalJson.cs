using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>JSON in one form for one meaning, to be hashed: keys in ordinal order, no white space.</summary>
internal static class CanonicalJson
{
    public static string Text(JsonNode? node) => Sorted(node)?.ToJsonString(FlextronJson.Compact) ?? "null";

    /// <summary>SHA-256 of the canonical text.</summary>
    public static string Hash(JsonNode? node) => ContentHash.OfText(Text(node));

    public static JsonNode? Of(object? value) => value is null ? null : JsonSerializer.SerializeToNode(value, value.GetType(), FlextronJson.Compact);

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject group => new JsonObject(group.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
