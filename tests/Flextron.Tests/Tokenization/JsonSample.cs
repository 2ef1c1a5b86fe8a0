using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

/// <summary>Small tokenizer.json files.</summary>
internal static class JsonSample
{
    /// <summary>A BPE with a vocabulary of the given tokens (ids in order) and merges "left right".</summary>
    public static JsonObject Bpe(IEnumerable<string> tokens, IEnumerable<string> merges)
    {
        var vocabulary = new JsonObject();
        foreach (string token in tokens) vocabulary[token] = vocabulary.Count;
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = null,
            ["post_processor"] = null,
            ["decoder"] = JsonNode.Parse("""{"type":"Fuse"}"""),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray([.. merges.Select(m => (JsonNode)m)]) },
        };
    }

    public static JsonObject With(this JsonObject root, string member, string json)
    {
        root[member] = JsonNode.Parse(json);
        return root;
    }

    public static JsonObject WithModel(this JsonObject root, string member, string json)
    {
        root["model"]![member] = JsonNode.Parse(json);
        return root;
    }

    public static Tokenizer Load(this JsonObject root, params (string Name, string Content)[] beside)
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["tokenizer.json"], root.ToJsonString());
        foreach ((string name, string content) in beside) File.WriteAllText(folder[name], content);
        return TokenizerLoader.Load(folder.Path);
    }

    /// <summary>The texts of the tokens.</summary>
    public static string[] Tokens(this Tokenizer tokenizer, string text) => [.. tokenizer.Encode(text).Select(tokenizer.TokenText)];

    public static string Quote(string text) => JsonSerializer.Serialize(text);
}
