using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>How configurations describe sliding windows that only some blocks have: a switch, a size, and a type for every block.</summary>
internal static class WindowFields
{
    private const string Sliding = "sliding_attention", Full = "full_attention";

    /// <summary>Reads the window's size, and the blocks that have none where others have one.</summary>
    /// <param name="fields">The configuration.</param>
    /// <param name="absentSize">The size where the configuration does not mention it; null: no window.</param>
    /// <param name="windowed">Whether a block has the window where no types are listed.</param>
    /// <exception cref="FlextronException">The types are not one known type for each block.</exception>
    public static (int? Size, BlockPattern? Unwindowed) Read(ConfigFields fields, int? absentSize, Func<int, bool> windowed)
    {
        JsonElement? types = fields.Find("layer_types");
        int? size = fields.Has("sliding_window") ? fields.OptionalInteger("sliding_window") : absentSize;
        if (!fields.Flag("use_sliding_window") || size is null) return (null, null);
        int blocks = fields.Integer("num_hidden_layers");
        bool[] whole = types is { } listed ? Types(fields, listed, blocks) : [.. Enumerable.Range(0, Math.Max(0, blocks)).Select(b => !windowed(b))];
        return whole.All(w => w) ? (null, null) : (size, BlockPattern.OfAny(whole));
    }

    /// <summary>Says so.</summary>
    public static void Write(ModelConfig config, JsonObject json)
    {
        int? size = config.Architecture.SlidingWindow;
        json["use_sliding_window"] = size is not null;
        json["sliding_window"] = size;
        json["layer_types"] = new JsonArray([.. Enumerable.Range(0, config.BlockCount).Select(b => (JsonNode)(size is null || config.UnwindowedBlocks?[b] == true ? Full : Sliding))]);
    }

    private static bool[] Types(ConfigFields fields, JsonElement listed, int blocks)
    {
        if (listed.ValueKind != JsonValueKind.Array || listed.GetArrayLength() != blocks || !listed.EnumerateArray().All(t => t.ValueKind == JsonValueKind.String && t.GetString() is Sliding or Full))
            throw new FlextronException($"{fields.Path}: layer_types {ConfigFields.Shown(listed.GetRawText())} is not supported, which must be {Sliding} or {Full} for each of the {blocks} blocks.");
        return [.. listed.EnumerateArray().Select(t => t.GetString() == Full)];
    }
}
