using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Tokenization;

/// <summary>Writes tokenizers that were trained here as Hugging Face folders: <c>tokenizer.json</c> and <c>tokenizer_config.json</c>.</summary>
public static class HuggingFaceTokenizerWriter
{
    /// <summary>Saves a tokenizer.</summary>
    /// <param name="tokenizer">One that <see cref="BpeTrainer"/> made.</param>
    /// <param name="folder">The folder; created if needed.</param>
    /// <exception cref="FlextronException">The tokenizer came from a file, or the folder cannot be written.</exception>
    public static void Save(Tokenizer tokenizer, string folder)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (tokenizer is not HuggingFaceTokenizer { OwnFiles: { } files })
            throw new FlextronException("Only a tokenizer that was trained here can be saved: copy the files of one that was loaded.");
        foreach ((string name, string content) in files) AtomicFile.WriteAllText(Path.Combine(folder, name), content);
    }

    /// <summary>Describes a byte-level BPE as a tokenizer.json and reads that, so that a trained tokenizer and its saved form are one.</summary>
    internal static Tokenizer Create(IReadOnlyList<string> tokens, IReadOnlyList<(int Left, int Right)> merges, BpeTrainerSettings settings)
    {
        IReadOnlyList<string> special = settings.AllSpecialTokens();
        var vocabulary = new JsonObject();
        for (int id = 0; id < tokens.Count; id++) vocabulary[tokens[id]] = id;
        var root = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. special.Select((text, id) => AddedTokenNode(text, id))]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = ByteLevel(),
            ["post_processor"] = settings is { BosToken: { } bos, AddBos: true } ? BosTemplate(bos, IndexOf(special, bos)) : ByteLevel(),
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(m => (JsonNode)$"{tokens[m.Left]} {tokens[m.Right]}")]),
            },
        };
        var config = new JsonObject
        {
            ["added_tokens_decoder"] = new JsonObject(special.Select((text, id) => KeyValuePair.Create($"{id}", (JsonNode?)AddedTokenNode(text, null)))),
            ["bos_token"] = settings.BosToken,
            ["clean_up_tokenization_spaces"] = false,
            ["eos_token"] = settings.EosToken,
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
        };
        var files = new Dictionary<string, string>
        {
            ["tokenizer.json"] = root.ToJsonString(FlextronJson.Indented) + "\n",
            ["tokenizer_config.json"] = config.ToJsonString(FlextronJson.Indented) + "\n",
        };
        JsonElement element = JsonSerializer.Deserialize<JsonElement>(files["tokenizer.json"], FlextronJson.Indented);
        return HuggingFaceTokenizerReader.Read(new JsonPart("the trained tokenizer", "", element), files, settings, tokens.Count);
    }

    private static int IndexOf(IReadOnlyList<string> list, string value) => list.TakeWhile(t => t != value).Count();

    /// <summary>A ByteLevel part.</summary>
    internal static JsonObject ByteLevel(bool addPrefixSpace = false, bool useRegex = true) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addPrefixSpace,
        ["trim_offsets"] = true,
        ["use_regex"] = useRegex,
    };

    /// <summary>A special added token; without its id where that is the key.</summary>
    internal static JsonObject AddedTokenNode(string content, int? id)
    {
        var node = new JsonObject();
        if (id is not null) node["id"] = id;
        node["content"] = content;
        foreach (string name in (string[])["single_word", "lstrip", "rstrip", "normalized"]) node[name] = false;
        node["special"] = true;
        return node;
    }

    /// <summary>A post-processor that puts BOS in front.</summary>
    internal static JsonObject BosTemplate(string bos, int id)
    {
        JsonObject Token(int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = bos, ["type_id"] = type } };
        JsonObject Text(string name, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Token(0), Text("A", 0)),
            ["pair"] = new JsonArray(Token(0), Text("A", 0), Token(1), Text("B", 1)),
            ["special_tokens"] = new JsonObject
            {
                [bos] = new JsonObject { ["id"] = bos, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(bos) },
            },
        };
    }
}
