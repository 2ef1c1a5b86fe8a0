using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Tokenization;

/// <summary>
/// Says a tokenizer in another format where that format can: SentencePiece's byte-pair models as tokenizer.json and as llama2.c's tokenizer.bin, and
/// a tokenizer.json of the Llama kind as tokenizer.bin. Whether it could is not argued but tried: both must give the same ids for every token's own
/// text and for random mixtures of them. (A ▁ typed in a text, which the formats tell apart from a space or not, is left out.)
/// </summary>
internal static class TokenizerConversion
{
    private const char Metaspace = '▁';
    private const int Mixtures = 2000;

    // The first ids of Llama's vocabularies: three special tokens, then the bytes.
    private const int SpecialCount = 3, FirstPiece = SpecialCount + 256;

    /// <summary>Contents of tokenizer.json and tokenizer_config.json by name, or null where they cannot say it.</summary>
    public static IReadOnlyDictionary<string, string>? ToHuggingFace(Tokenizer tokenizer)
    {
        if (tokenizer is not SentencePieceTokenizer { Parts: { Unigram: false } parts } || !parts.Normalizer.OnlyPrefixes
            || parts.Pieces.Any(p => p.Kind == SentencePieceTokenizer.PieceKind.UserDefined))
            return null;
        string[] texts = [.. parts.Pieces.Select(p => p.Kind == SentencePieceTokenizer.PieceKind.Control ? p.Text.Trim('\n') : p.Text.Replace(parts.Space, Metaspace))];
        if (texts.Distinct(StringComparer.Ordinal).Count() != texts.Length) return null;
        IReadOnlyDictionary<string, string> files = LlamaFiles(parts, texts);
        var root = new JsonPart("the converted tokenizer", "", JsonSerializer.Deserialize<JsonElement>(files["tokenizer.json"]));
        HuggingFaceTokenizer written = HuggingFaceTokenizerReader.Read(root, texts.Length, (parts.BosId, parts.EosId));
        return SameIds(tokenizer, written) ? files : null;
    }

    /// <summary>Content of llama2.c's tokenizer.bin, or null where it cannot say it.</summary>
    public static byte[]? ToLlama2C(Tokenizer tokenizer)
    {
        (string Text, float Score)[]? pieces = tokenizer switch
        {
            SentencePieceTokenizer { Parts: { Unigram: false } parts } => [.. parts.Pieces.Select(p => (p.Text.Replace(parts.Space, ' '), p.Score))],
            HuggingFaceTokenizer { Parts.Model: BpeModel { Definition: { ByteLevel: false } bpe } } => ScoredByMerges(bpe),
            _ => null,
        };
        if (pieces is null || pieces.Length <= FirstPiece) return null;
        for (int b = 0; b < 256; b++)
            if (TokenDecoder.ByteOf(pieces[SpecialCount + b].Text) != b) return null;
        string[] special = ["<unk>", "\n<s>\n", "\n</s>\n"];
        for (int id = 0; id < SpecialCount; id++) pieces[id] = (special[id], 0);
        if (Array.Exists(pieces, p => System.Text.Encoding.UTF8.GetByteCount(p.Text) > SentencePieceTokenizer.LongestPiece)) return null;
        byte[] file = Llama2CTokenizerFile.Bytes(pieces);
        return SameIds(tokenizer, Llama2CTokenizerFile.Parse(file, "the converted tokenizer")) ? file : null;
    }

    // A piece is as good as the first merge that makes it is early; single characters, which nothing makes, come last.
    private static (string, float)[] ScoredByMerges(BpeDefinition bpe)
    {
        float[] scores = new float[bpe.Tokens.Length];
        Array.Fill(scores, -bpe.Merges.Count);
        foreach ((_, _, int merged, int rank) in bpe.Merges) scores[merged] = Math.Max(scores[merged], -rank);
        return [.. bpe.Tokens.Select((text, id) => ((text ?? "").Replace(Metaspace, ' '), scores[id]))];
    }

    private static bool SameIds(Tokenizer first, Tokenizer second)
    {
        if (first.VocabularySize != second.VocabularySize || first.BosId != second.BosId || first.EosId != second.EosId || first.AddsBos != second.AddsBos) return false;
        string[] texts = [.. Enumerable.Range(SpecialCount, first.VocabularySize - SpecialCount).Select(id => first.Decode([id])).Where(t => t.IndexOf(Metaspace) < 0)];
        if (texts.Length == 0 || texts.Any(t => !first.Encode(t).AsSpan().SequenceEqual(second.Encode(t)))) return false;
        Random random = new(1);
        for (int i = 0; i < Mixtures; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(2, 24)).Select(_ => random.Next(6) == 0 ? " " : texts[random.Next(texts.Length)]));
            if (!first.Encode(text).AsSpan().SequenceEqual(second.Encode(text))) return false;
        }
        return true;
    }

    private static Dictionary<string, string> LlamaFiles(SentencePieceTokenizer.Components parts, string[] texts)
    {
        var vocabulary = new JsonObject();
        for (int id = 0; id < texts.Length; id++) vocabulary[texts[id]] = id;
        var ids = new Dictionary<string, int>();
        for (int id = 0; id < texts.Length; id++)
            if (parts.Pieces[id].Kind == SentencePieceTokenizer.PieceKind.Normal) ids[parts.Pieces[id].Text] = id;
        IEnumerable<JsonNode> merges = SentencePieceTokenizer.MergesByScore(ids, parts.Pieces)
            .OrderBy(m => m.Rank).ThenBy(m => m.Left).ThenBy(m => m.Right).Select(m => (JsonNode)$"{texts[m.Left]} {texts[m.Right]}");
        int[] special = [.. Enumerable.Range(0, texts.Length).Where(id => parts.Pieces[id].Kind == SentencePieceTokenizer.PieceKind.Control)];
        string? unknown = parts.UnknownId is { } u ? texts[u] : null, bos = parts.BosId is { } b ? texts[b] : null, eos = parts.EosId is { } e ? texts[e] : null;
        var root = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. special.Select(id => HuggingFaceTokenizerWriter.AddedTokenNode(texts[id], id))]),
            ["normalizer"] = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}"""),
            ["pre_tokenizer"] = null,
            ["post_processor"] = parts.AddsBos && bos is not null ? HuggingFaceTokenizerWriter.BosTemplate(bos, parts.BosId!.Value) : null,
            ["decoder"] = JsonNode.Parse("""
                {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}
                """),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = unknown,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = true,
                ["byte_fallback"] = parts.Pieces.Any(p => p.Kind == SentencePieceTokenizer.PieceKind.Byte),
                ["ignore_merges"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges]),
            },
        };
        var config = new JsonObject
        {
            ["added_tokens_decoder"] = new JsonObject(special.Select(id => KeyValuePair.Create($"{id}", (JsonNode?)HuggingFaceTokenizerWriter.AddedTokenNode(texts[id], null)))),
            ["add_bos_token"] = parts.AddsBos,
            ["add_eos_token"] = false,
            ["bos_token"] = bos,
            ["clean_up_tokenization_spaces"] = false,
            ["eos_token"] = eos,
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["unk_token"] = unknown,
        };
        return new Dictionary<string, string>
        {
            ["tokenizer.json"] = root.ToJsonString(FlextronJson.Indented) + "\n",
            ["tokenizer_config.json"] = config.ToJsonString(FlextronJson.Indented) + "\n",
        };
    }
}
