using System.Text.Json.Nodes;
using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

public sealed class TokenizerConversionTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestData.Temporary();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("models/stories260k/tokenizer.bin")]
    [InlineData("models/llama2-tokenizer-32k/tokenizer.bin")]
    [InlineData("models/llama2-tokenizer-32k/tokenizer.model")]
    public void RealFilesKeepTheirIdsThroughTokenizerJsonAndBack(string file)
    {
        string source = TestData.Shared(file);
        Tokenizer before = TokenizerLoader.Load(source);
        TokenizerFiles.SaveAsHuggingFace(source, _folder["hf"]);
        Assert.Equal(["tokenizer.json", "tokenizer_config.json"], Directory.GetFiles(_folder["hf"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Tokenizer json = TokenizerLoader.Load(_folder["hf"]);
        TokenizerFiles.SaveAsLlama2C(_folder["hf"], _folder["bin"]);
        Tokenizer bin = TokenizerLoader.Load(Path.Combine(_folder["bin"], "tokenizer.bin"));
        foreach (string text in SampleTexts.All.Concat(ReferenceData.Texts).Where(t => !t.Contains('▁', StringComparison.Ordinal)))
        {
            // In tokenizer.json a special token's name counts as the token; the other formats never read one from text.
            if (text.Contains("<unk>", StringComparison.Ordinal) || text.Contains("<s>", StringComparison.Ordinal) || text.Contains("</s>", StringComparison.Ordinal)) continue;
            Assert.Equal(before.Encode(text), json.Encode(text));
            Assert.Equal(before.Encode(text), bin.Encode(text));
            Assert.Equal(text, json.Decode(json.Encode(text)));
        }
        Assert.Equal((before.VocabularySize, before.BosId, before.EosId, before.AddsBos), (json.VocabularySize, json.BosId, json.EosId, json.AddsBos));
    }

    [Fact]
    public void WhatTheFormatCannotSayGoesAlongAsItIs()
    {
        string source = TestData.Shared("models/story656k-hf");
        Assert.Null(TokenizerConversion.ToLlama2C(TokenizerLoader.Load(source)));
        TokenizerFiles.SaveAsLlama2C(source, _folder["bin"]);
        Assert.Equal(File.ReadAllBytes(Path.Combine(source, "tokenizer.json")), File.ReadAllBytes(Path.Combine(_folder["bin"], "tokenizer.json")));
        File.WriteAllBytes(_folder["tokenizer.model"], ReferenceData.Model("unigram-nmt"));
        TokenizerFiles.SaveAsHuggingFace(_folder["tokenizer.model"], _folder["hf"]);
        Assert.Equal("tokenizer.model", Path.GetFileName(Assert.Single(Directory.GetFiles(_folder["hf"]))));
    }

    [Theory]
    [InlineData("gpt2", "GPT2Tokenizer")]
    [InlineData("qwen2", "Qwen2Tokenizer")]
    [InlineData("gpt2", null)]
    public void VocabularyAndMergesGiveTheReferencesIds(string name, string? kind)
    {
        JsonNode record = ReferenceData.Tokenizers["tokenizers"]!.AsArray().Single(t => (string)t!["name"]! == name)!, model = record["tokenizer"]!["model"]!;
        File.WriteAllText(_folder["vocab.json"], model["vocab"]!.ToJsonString());
        File.WriteAllText(_folder["merges.txt"], "#version: 0.2\n" + string.Concat(model["merges"]!.AsArray().Select(m => (m is JsonArray pair ? string.Join(' ', pair.Select(p => (string)p!)) : (string)m!) + "\n")));
        var decoder = new JsonObject(record["tokenizer"]!["added_tokens"]!.AsArray().Select(t => KeyValuePair.Create(t!["id"]!.ToString(), (JsonNode?)t.DeepClone())));
        File.WriteAllText(_folder["tokenizer_config.json"], new JsonObject { ["tokenizer_class"] = kind, ["added_tokens_decoder"] = decoder }.ToJsonString());
        foreach (string path in (string[])[_folder.Path, _folder["vocab.json"]])
        {
            Tokenizer tokenizer = TokenizerLoader.Load(path);
            foreach ((string text, JsonNode? expected) in ReferenceData.Texts.Zip(record["cases"]!.AsArray()))
            {
                Assert.Equal(ReferenceData.Ids(expected!["ids"]), tokenizer.Encode(text));
                Assert.Equal((string)expected["decoded"]!, tokenizer.Decode(tokenizer.Encode(text)));
            }
            Assert.Equal((int)record["tokenizer"]!["added_tokens"]![0]!["id"]!, tokenizer.EosId);
        }
    }

    [Fact]
    public void ABeginningTokenIsAddedWhereTheSettingsSaySo()
    {
        File.WriteAllText(_folder["vocab.json"], """{"a":0,"b":1,"ab":2,"<|endoftext|>":3}""");
        File.WriteAllText(_folder["merges.txt"], "a b\r\n");
        File.WriteAllText(_folder["tokenizer_config.json"], """{"add_bos_token":true,"bos_token":"<|endoftext|>","eos_token":"<|endoftext|>"}""");
        Tokenizer tokenizer = TokenizerLoader.Load(_folder.Path);
        Assert.Equal([3, 2, 0, 3], tokenizer.Encode("aba<|endoftext|>"));
        Assert.Equal((3, 3, true), (tokenizer.BosId, tokenizer.EosId, tokenizer.AddsBos));
        TokenizerFiles.Copy(_folder.Path, _folder["copy"]);
        Assert.Equal([3, 2], TokenizerLoader.Load(_folder["copy"]).Encode("ab"));
    }

    [Fact]
    public void ABeginningThatIsNoTokenIsRefused()
    {
        File.WriteAllText(_folder["vocab.json"], """{"a":0,"b":1,"ab":5}""");
        File.WriteAllText(_folder["merges.txt"], "a b\n");
        File.WriteAllText(_folder["tokenizer_config.json"], """{"add_bos_token":true}""");
        File.WriteAllText(_folder["config.json"], """{"bos_token_id":3}""");
        Assert.Contains("vocab.json has no token of its id 3", Assert.Throws<FlextronException>(() => TokenizerLoader.Load(_folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["config.json"], """{"bos_token_id":50256}""");
        Assert.Equal((null, false), (TokenizerLoader.Load(_folder.Path).BosId, TokenizerLoader.Load(_folder.Path).AddsBos));
    }

    [Theory]
    [InlineData("""{"a":0}""", null, "There is no merges.txt")]
    [InlineData("""[]""", "", "is not an object")]
    [InlineData("""{"a":0,"b":1}""", "a b\n", "names the token ab")]
    [InlineData("""{"a":0,"b":1}""", "ab\n", "is not a pair")]
    [InlineData("""{"a":900}""", "", "out of range")]
    public void BrokenVocabularyFilesAreRefused(string vocabulary, string? merges, string why)
    {
        File.WriteAllText(_folder["vocab.json"], vocabulary);
        if (merges is not null) File.WriteAllText(_folder["merges.txt"], merges);
        Assert.Contains(why, Assert.Throws<FlextronException>(() => TokenizerLoader.Load(_folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["tokenizer_config.json"], """{"tokenizer_class":"CLIPTokenizer"}""");
        if (vocabulary != "[]")
            Assert.Contains("CLIPTokenizer", Assert.Throws<FlextronException>(() => TokenizerLoader.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }
}
