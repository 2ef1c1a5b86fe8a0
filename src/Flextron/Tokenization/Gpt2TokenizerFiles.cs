using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Tokenization;

/// <summary>
/// Reads <c>vocab.json</c> and <c>merges.txt</c>, the files of byte-level vocabularies from before tokenizer.json (GPT-2, and Qwen2 with another
/// word pattern), as the tokenizer.json that they stand for. What they leave open, the settings beside them say.
/// </summary>
internal static class Gpt2TokenizerFiles
{
    /// <summary>Name of the vocabulary's file.</summary>
    public const string VocabularyName = "vocab.json";

    private const string MergesName = "merges.txt";

    // The word pattern that the Qwen2 tokenizer has in its program: GPT-4's, with single digits.
    private const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Reads both files.</summary>
    /// <param name="path">The vocab.json.</param>
    /// <exception cref="FlextronException">A file is missing or malformed, or the settings name another kind of tokenizer.</exception>
    public static HuggingFaceTokenizer Read(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!, mergesPath = Path.Combine(folder, MergesName);
        var vocabulary = new JsonPart(path, "", FlextronJson.ReadFile<JsonElement>(path, VocabularyName));
        if (vocabulary.Element.ValueKind != JsonValueKind.Object) throw vocabulary.Bad("is not an object");
        JsonPart? config = SpecialTokenNames.Open(folder, "tokenizer_config.json");
        string kind = config?.Text("tokenizer_class", null) ?? "GPT2Tokenizer";
        bool qwen = kind.StartsWith("Qwen2Tokenizer", StringComparison.Ordinal);
        if (!qwen && kind is not ("GPT2Tokenizer" or "GPT2TokenizerFast" or "PreTrainedTokenizerFast"))
            throw config!.Value.Bad($"names the tokenizer class {kind}, which {VocabularyName} and {MergesName} do not describe alone; use the model's tokenizer.json");
        bool prefixSpace = config?.Flag("add_prefix_space", false) ?? false, addBos = config?.Flag("add_bos_token", false) ?? false;

        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string token, JsonPart id) in vocabulary.Members())
            if (!known.TryAdd(token, id.Int())) throw id.Bad("stands there twice");
        Dictionary<string, JsonObject> added = AddedTokens(folder, config, known);
        int? IdOf(string token) => known.TryGetValue(token, out int id) ? id : added.TryGetValue(token, out JsonObject? node) ? (int)node["id"]! : null;
        int size = known.Count + added.Count;
        Dictionary<int, string> texts = [];
        foreach ((string token, int id) in known.Concat(added.Select(a => KeyValuePair.Create(a.Key, (int)a.Value["id"]!)))) texts.TryAdd(id, token);
        (int? bos, int? eos) special = SpecialTokenNames.Find(folder, IdOf, texts.Keys.DefaultIfEmpty(-1).Max() is var last && last < int.MaxValue ? last + 1 : last);
        string? bosText = !addBos || special.bos is not { } bosId ? null
            : texts.GetValueOrDefault(bosId) ?? throw config!.Value.Bad($"adds a beginning of text, and {VocabularyName} has no token of its id {bosId}");
        var root = new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. added.Values]),
            ["normalizer"] = qwen ? new JsonObject { ["type"] = "NFC" } : null,
            ["pre_tokenizer"] = qwen
                ? new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(Split(Qwen2Pattern), HuggingFaceTokenizerWriter.ByteLevel(prefixSpace, useRegex: false)) }
                : HuggingFaceTokenizerWriter.ByteLevel(prefixSpace),
            ["post_processor"] = bosText is not null ? HuggingFaceTokenizerWriter.BosTemplate(bosText, special.bos!.Value) : null,
            ["decoder"] = HuggingFaceTokenizerWriter.ByteLevel(prefixSpace),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = JsonObject.Create(vocabulary.Element), ["merges"] = Merges(mergesPath) },
        };
        var part = new JsonPart(path, "", JsonSerializer.SerializeToElement(root));
        return HuggingFaceTokenizerReader.Read(part, Math.Min(new FileInfo(path).Length + size, int.MaxValue - 1), special);
    }

    // added_tokens.json has ids by text; tokenizer_config.json has them with their properties; <|endoftext|> is special wherever it is known.
    private static Dictionary<string, JsonObject> AddedTokens(string folder, JsonPart? config, Dictionary<string, int> known)
    {
        var added = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (string name in (string[])["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
            if (known.TryGetValue(name, out int id)) added[name] = HuggingFaceTokenizerWriter.AddedTokenNode(name, id);
        foreach ((string text, JsonPart id) in SpecialTokenNames.Open(folder, "added_tokens.json")?.Members() ?? [])
            added[text] = HuggingFaceTokenizerWriter.AddedTokenNode(text, id.Int());
        foreach ((string id, JsonPart token) in config?.Find("added_tokens_decoder")?.Members() ?? [])
        {
            if (!int.TryParse(id, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number)) throw token.Bad("does not stand under an id");
            string text = token.Get("content").Text();
            JsonObject node = HuggingFaceTokenizerWriter.AddedTokenNode(text, number);
            foreach (string flag in (string[])["single_word", "lstrip", "rstrip", "normalized", "special"]) node[flag] = token.Flag(flag, flag == "special");
            added[text] = node;
        }
        return added;
    }

    private static JsonArray Merges(string path)
    {
        string text;
        try
        {
            text = TextEncoding.Strict.GetString(BoundedFile.Read(path, MergesName));
        }
        catch (DecoderFallbackException e)
        {
            throw new FlextronException($"{path} is not UTF-8: fetch it again.", e);
        }
        var merges = new JsonArray();
        // The first line may say the format's version; a merge never begins with '#' and a letter, since '#' would be its whole left half.
        foreach (string line in text.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Length > 0 && !l.StartsWith("#version", StringComparison.Ordinal))) merges.Add(line);
        return merges;
    }

    private static JsonObject Split(string pattern) => new()
    {
        ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false,
    };
}
