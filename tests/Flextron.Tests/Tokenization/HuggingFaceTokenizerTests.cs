using System.Text.Json.Nodes;
using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

public class HuggingFaceTokenizerTests
{
    private const string ByteLevel = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}""";

    private static JsonObject Letters(params string[] more) =>
        JsonSample.Bpe("abcdefghijklmnopqrstuvwxyz ▁.'1".Select(c => c.ToString()).Concat(more), []);

    [Fact]
    public void ReadsARealLlamaFolder()
    {
        Tokenizer tokenizer = TokenizerLoader.Load(TestData.Shared("models/story656k-hf"));
        const string text = "Once upon a time, there was a little girl named Lily.";
        Assert.Equal([1, 80, 147, 201, 282, 215, 286, 598, 629, 10], tokenizer.Encode(text));
        Assert.Equal([80, 147, 201, 282, 215, 286, 598, 629, 10], tokenizer.Encode(text, addSpecialTokens: false));
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        Assert.Equal((2048, 1, 2, true), (tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.AddsBos));
    }

    [Theory]
    // The words that the GPT-2 pattern makes; a character beyond U+FFFF counts as one letter.
    [InlineData("it's  a b", new[] { "it", "'s", "Ġ", "Ġa", "Ġb" })]
    [InlineData("a1.b", new[] { "a", "1", ".", "b" })]
    [InlineData("x\n\n y", new[] { "x", "ĊĊ", "Ġy" })]
    [InlineData("a𠀀b!", new[] { "aðłĢĢb", "!" })]
    public void ByteLevelCutsWordsAsGpt2Does(string text, string[] words)
    {
        // Whole words are tokens through ignore_merges, so the tokens show the cuts.
        Tokenizer tokenizer = JsonSample.Bpe(words.Distinct(), []).With("pre_tokenizer", ByteLevel).With("decoder", ByteLevel)
            .WithModel("ignore_merges", "true").Load();
        Assert.Equal(words, tokenizer.Tokens(text));
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Theory]
    [InlineData("Isolated", false, "ab.c.", new[] { "ab", ".", "c", "." })]
    [InlineData("Removed", false, "ab.c.", new[] { "ab", "c" })]
    [InlineData("Removed", true, "ab.c.", new[] { ".", "." })]
    [InlineData("MergedWithPrevious", false, "ab..c", new[] { "ab.", ".", "c" })]
    [InlineData("MergedWithNext", false, "ab..c", new[] { "ab", ".", ".c" })]
    [InlineData("Contiguous", false, "ab..c", new[] { "ab", "..", "c" })]
    public void SplitsAtAPattern(string behavior, bool invert, string text, string[] words)
    {
        string invertText = invert ? "true" : "false";
        foreach (string pattern in (string[])["{\"String\":\".\"}", "{\"Regex\":\"\\\\.\"}"])
        {
            Tokenizer tokenizer = JsonSample.Bpe(words.Distinct(), []).WithModel("ignore_merges", "true")
                .With("pre_tokenizer", $$"""{"type":"Split","pattern":{{pattern}},"behavior":"{{behavior}}","invert":{{invertText}}}""").Load();
            Assert.Equal(words, tokenizer.Tokens(text));
        }
    }

    [Theory]
    [InlineData("always", true, "a b", new[] { "▁a", "▁b" })]
    [InlineData("first", true, " a b", new[] { "▁a", "▁b" })]
    [InlineData("never", true, "a  b", new[] { "a", "▁", "▁b" })]
    [InlineData("always", false, "a b", new[] { "▁a▁b" })]
    public void MetaspaceMarksSpaces(string scheme, bool split, string text, string[] words)
    {
        string splitText = split ? "true" : "false";
        Tokenizer tokenizer = JsonSample.Bpe(words.Distinct(), []).WithModel("ignore_merges", "true")
            .With("pre_tokenizer", $$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":{{splitText}}}""")
            .With("decoder", $$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":{{splitText}}}""").Load();
        Assert.Equal(words, tokenizer.Tokens(text));
        // The decoder of the format drops every mark of the first token, so only the cut form leads back.
        if (split) Assert.Equal(text.TrimStart(), tokenizer.Decode(tokenizer.Encode(text)).TrimStart());
    }

    [Theory]
    [InlineData("""{"type":"Lowercase"}""", "AbC", "abc")]
    [InlineData("""{"type":"Strip","strip_left":true,"strip_right":false}""", "  a ", "a ")]
    [InlineData("""{"type":"NFKC"}""", "ﬁｘ①", "fix1")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]}""", "éàñ", "ean")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}""", "a b", "▁a▁b")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "}""", "a \n b", "a b")]
    public void Normalizes(string normalizer, string text, string expected)
    {
        Tokenizer tokenizer = Letters().With("normalizer", normalizer).Load();
        Assert.Equal(expected, string.Concat(tokenizer.Tokens(text)));
    }

    [Fact]
    public void AddedTokensAreMatchedFirst()
    {
        const string Added = """
            [{"id":31,"content":"<x>","special":true,"lstrip":true,"rstrip":true},
             {"id":32,"content":"cat","special":false,"single_word":true,"normalized":false},
             {"id":33,"content":"<x><x>","special":true},
             {"id":34,"content":"AB","special":false,"normalized":true}]
            """;
        Tokenizer tokenizer = Letters().With("added_tokens", Added).With("normalizer", """{"type":"Lowercase"}""").Load();
        Assert.Equal(["a", "<x>", "b"], tokenizer.Tokens("a <x>  b"));
        Assert.Equal(["<x><x>", "<x>"], tokenizer.Tokens("<x><x><x>"));
        Assert.Equal(["cat", " ", "c", "a", "t", "s"], tokenizer.Tokens("cat cats"));
        Assert.Equal(["c", "AB", "AB"], tokenizer.Tokens("cabAb"));
        Assert.Equal("acatb", tokenizer.Decode(tokenizer.Encode("a<x>cat<x>b")));
    }

    [Fact]
    public void UnknownCharactersFallBackToBytesOrFuse()
    {
        string[] tokens = ["<unk>", "a", "<0xC3>", "<0xA9>"];
        Tokenizer bytes = JsonSample.Bpe(tokens, []).WithModel("byte_fallback", "true").WithModel("unk_token", "\"<unk>\"")
            .With("decoder", """{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Fuse"}]}""").Load();
        Assert.Equal([1, 2, 3, 0, 1], bytes.Encode("aé€a"));
        Assert.Equal("aéa\uFFFD", bytes.Decode([1, 2, 3, 1, 2]));
        Assert.Equal([1, 0, 1], JsonSample.Bpe(tokens, []).WithModel("fuse_unk", "true").WithModel("unk_token", "\"<unk>\"").Load().Encode("aé€a"));
        Assert.Equal([1, 0, 0, 1], JsonSample.Bpe(tokens, []).WithModel("unk_token", "\"<unk>\"").Load().Encode("aé€a"));
        // Dropped characters leave their neighbours side by side.
        Assert.Equal(["aa"], JsonSample.Bpe(["a", "aa"], ["a a"]).Load().Tokens("aé€a"));
    }

    [Fact]
    public void SpecialIdsComeFromTheFilesBesideItElseFromNames()
    {
        const string Template = """
            {"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"TemplateProcessing",
             "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
             "special_tokens":{"<s>":{"id":"<s>","ids":[31],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[32],"tokens":["</s>"]}}}]}
            """;
        JsonObject root = Letters("<s>", "</s>", "<b>").With("post_processor", Template);
        Tokenizer byName = root.Load();
        Assert.Equal((31, 32, true), (byName.BosId, byName.EosId, byName.AddsBos));
        Assert.Equal([31, 0, 32], byName.Encode("a"));

        Tokenizer byConfig = root.Load(("tokenizer_config.json", """{"bos_token":null,"eos_token":{"content":"<b>"}}"""));
        Assert.Equal((null, 33, false), (byConfig.BosId, byConfig.EosId, byConfig.AddsBos));
        Tokenizer byModel = root.Load(("config.json", """{"bos_token_id":33,"eos_token_id":[5,6]}"""));
        Assert.Equal((33, 5), (byModel.BosId, byModel.EosId));
        Tokenizer leftOver = root.Load(("config.json", """{"bos_token_id":50256,"eos_token_id":[]}"""));
        Assert.Equal((31, 32), (leftOver.BosId, leftOver.EosId));
        Assert.Contains("<nope>", Assert.Throws<FlextronException>(
            () => root.Load(("special_tokens_map.json", """{"bos_token":"<nope>"}"""))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MergesMayBePairs()
    {
        JsonObject root = JsonSample.Bpe(["a", " ", "a ", "a a"], []).WithModel("merges", """[["a"," "],["a ","a"]]""");
        Assert.Equal(["a a", "a "], root.Load().Tokens("a aa "));
    }

    [Theory]
    [InlineData("normalizer", """{"type":"Magic"}""", "Magic")]
    [InlineData("pre_tokenizer", """{"type":"UnicodeScripts"}""", "UnicodeScripts")]
    [InlineData("pre_tokenizer", """{"type":"Split","pattern":{"Regex":"(?<n>a)"},"behavior":"Isolated","invert":false}""", "(?<n>a)")]
    [InlineData("pre_tokenizer", """{"type":"Split","pattern":{"Regex":"[a&&b]"},"behavior":"Isolated","invert":false}""", "intersects classes")]
    [InlineData("post_processor", """{"type":"Magic"}""", "Magic")]
    [InlineData("decoder", """{"type":"CTC"}""", "CTC")]
    [InlineData("model", """{"type":"Magic","vocab":[]}""", "Magic")]
    [InlineData("model", """{"type":"BPE","dropout":0.1,"vocab":{"a":0},"merges":[]}""", "dropout")]
    public void WhatIsNotSupportedIsNamed(string member, string json, string named)
    {
        FlextronException e = Assert.Throws<FlextronException>(() => Letters().With(member, json).Load());
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model", """{"type":"BPE","vocab":{"a":0},"merges":["a b"]}""")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]}""")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":0},"merges":["a"]}""")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":2000000000},"merges":[]}""")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":-1},"merges":[]}""")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}""")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":"x"},"merges":[]}""")]
    [InlineData("model", """{"type":"BPE","vocab":{"a\ud800":0},"merges":[]}""")]
    [InlineData("model", """{"type":"BPE","vocab":{},"merges":[]}""")]
    [InlineData("model", """{"type":"BPE","unk_token":"u","vocab":{"a":0},"merges":[]}""")]
    [InlineData("model", """[]""")]
    [InlineData("model", """{"type":"Unigram","vocab":[["a"]]}""")]
    [InlineData("model", """{"type":"Unigram","vocab":[["a",1e999]]}""")]
    [InlineData("model", """{"type":"Unigram","unk_id":1,"vocab":[["a",-1]]}""")]
    [InlineData("model", """{"type":"WordPiece","vocab":{"a":0}}""")]
    [InlineData("normalizer", """{"type":"Precompiled"}""")]
    [InlineData("normalizer", """{"type":"Precompiled","precompiled_charsmap":"%"}""")]
    [InlineData("normalizer", """{"type":"Precompiled","precompiled_charsmap":"////f///"}""")]
    [InlineData("added_tokens", """[{"id":2000000000,"content":"x"}]""")]
    [InlineData("added_tokens", """[{"id":7,"content":"a"}]""")]
    [InlineData("added_tokens", """{}""")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"String":""},"content":"x"}""")]
    [InlineData("normalizer", """{"type":3}""")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"q"}}],"special_tokens":{}}""")]
    [InlineData("post_processor", """{"type":"RobertaProcessing","cls":["a",999],"sep":["a",0]}""")]
    public void MalformedFilesAreRefusedByName(string member, string json)
    {
        using TemporaryFolder folder = TestData.Temporary();
        // The broken escape must reach the file as it is, so the member is put in as text.
        string text = Letters().With(member, "null").ToJsonString().Replace($"\"{member}\":null", $"\"{member}\":{json}", StringComparison.Ordinal);
        File.WriteAllText(folder["tokenizer.json"], text);
        FlextronException e = Assert.Throws<FlextronException>(() => TokenizerLoader.Load(folder.Path));
        Assert.Contains(folder["tokenizer.json"], e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IdsOutsideTheVocabularyAreRefused()
    {
        Tokenizer tokenizer = Letters().Load();
        Assert.Contains("31", Assert.Throws<FlextronException>(() => tokenizer.Decode([31])).Message, StringComparison.Ordinal);
        Assert.Throws<FlextronException>(() => tokenizer.TokenText(-1));
    }
}
