using System.Text.Json;
using Flextron.Storage;

namespace Flextron.Tokenization;

/// <summary>Finds the beginning- and end-of-sequence ids of a tokenizer: from the files beside it, else by the usual names.</summary>
internal static class SpecialTokenNames
{
    private static readonly string[] s_bos = ["<s>", "<|begin_of_text|>", "<bos>", "<|bos|>", "<|startoftext|>", "[BOS]"];
    private static readonly string[] s_eos = ["</s>", "<|end_of_text|>", "<|endoftext|>", "<eos>", "<|eos|>", "[EOS]"];

    /// <param name="folder">The tokenizer's folder, or null where there is none.</param>
    /// <param name="idOf">Id of a token text, or null.</param>
    /// <param name="size">Size of the vocabulary.</param>
    public static (int? Bos, int? Eos) Find(string? folder, Func<string, int?> idOf, int size) =>
        (Find(folder, "bos_token", s_bos, idOf, size), Find(folder, "eos_token", s_eos, idOf, size));

    /// <summary>A yes-or-no member of tokenizer_config.json, or the fallback.</summary>
    public static bool ConfigFlag(string folder, string name, bool fallback) =>
        Open(folder, "tokenizer_config.json") is { } config ? config.Flag(name, fallback) : fallback;

    private static int? Find(string? folder, string key, string[] names, Func<string, int?> idOf, int size)
    {
        if (folder is not null)
        {
            foreach (string file in (string[])["tokenizer_config.json", "special_tokens_map.json"])
            {
                if (Open(folder, file) is not { } config || !config.Element.TryGetProperty(key, out JsonElement element)) continue;
                // An explicit null says that the model has none.
                if (element.ValueKind == JsonValueKind.Null) return null;
                JsonPart value = config.Get(key);
                string text = element.ValueKind == JsonValueKind.Object ? value.Get("content").Text() : value.Text();
                return idOf(text) ?? throw value.Bad($"names the token {text}, which the vocabulary does not have");
            }
            if (Open(folder, "config.json")?.Find(key + "_id") is { } id)
            {
                // Several end tokens are given as a list; the first is the main one.
                JsonPart? first = id.Element.ValueKind == JsonValueKind.Array ? id.Items().Select(i => (JsonPart?)i).FirstOrDefault() : id;
                // One outside the vocabulary is a leftover of the class's defaults: small GPT-2 models keep the large one's.
                if (first?.Int() is { } value && value >= 0 && value < size) return value;
            }
        }
        foreach (string name in names)
            if (idOf(name) is { } known) return known;
        return null;
    }

    /// <summary>A JSON file of a folder, or null where it is absent.</summary>
    public static JsonPart? Open(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path)) return null;
        var part = new JsonPart(path, "", FlextronJson.ReadFile<JsonElement>(path, name));
        return part.Element.ValueKind == JsonValueKind.Object ? part : throw part.Bad("is not an object");
    }
}
