using System.Text;
using System.Text.Json.Nodes;
using Flextron.Tests.Tokenization;
using Flextron.Tokenization;

namespace Flextron.Tests.HostileFiles;

/// <summary>Damaged tokenizers of all kinds; those that load must encode and decode.</summary>
public sealed class TokenizerFuzzTests : IDisposable
{
    private const string Probe = " Hello, wörld 中文 <s> 12\n\0é\uD83D\uDE00";

    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("gpt2", 450)]
    [InlineData("llama", 450)]
    [InlineData("mistral", 450)]
    [InlineData("xlm-roberta", 450)]
    [InlineData("unigram-bytes", 450)]
    [InlineData("bert", 450)]
    [InlineData("words", 450)]
    [InlineData("bpe-prefix", 450)]
    public void TokenizerJson(string name, int count)
    {
        var json = (JsonObject)ReferenceData.Tokenizers["tokenizers"]!.AsArray().Single(t => (string)t!["name"]! == name)!["tokenizer"]!.DeepClone();
        Shorten(json);
        Run("tokenizer.json", Encoding.UTF8.GetBytes(json.ToJsonString()), count, Mutation.Of);
    }

    [Theory]
    [InlineData("llama", 1000)]
    [InlineData("unigram-rules", 1000)]
    [InlineData("bpe-user", 500)]
    public void SentencePieceModels(string name, int count) => Run("tokenizer.model", ReferenceData.Model(name), count, Mutation.OfBinary);

    [Fact]
    public void Llama2CTokenizers()
    {
        IEnumerable<(string, float)> pieces = [("<unk>", 0), ("\n<s>\n", 0), ("\n</s>\n", 0), .. Enumerable.Range(0, 256).Select(b => ($"<0x{b:X2}>", 0f)), (" h", -1), ("el", -2), (" he", -3), ("hel", -4), ("é", -5)];
        byte[] original = Llama2CTokenizerFile.Bytes(pieces);
        // Most of the file are the bytes' names, which must not change at all; half of the damage goes to what comes after them.
        Run("tokenizer.bin", original, 1200, (bytes, random) =>
        {
            if (random.Next(2) == 0) return Mutation.OfBinary(bytes, random);
            byte[] tail = Mutation.OfBinary(bytes[^50..], random);
            return [.. bytes[..^50], .. tail];
        });
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("tokenizer_config.json")]
    public void VocabulariesWithMerges(string damaged)
    {
        File.WriteAllText(folder["vocab.json"], """{"H":0,"e":1,"l":2,"o":3,"Ġ":4,"He":5,"ll":6,"Hell":7,"Hello":8,"<|endoftext|>":9}""");
        File.WriteAllText(folder["merges.txt"], "#version: 0.2\nH e\nl l\nHe ll\nHell o\n");
        File.WriteAllText(folder["tokenizer_config.json"], """{"add_bos_token":false,"added_tokens_decoder":{"9":{"content":"<|endoftext|>","special":true}},"bos_token":"<|endoftext|>","tokenizer_class":"GPT2Tokenizer"}""");
        Run(damaged, File.ReadAllBytes(folder[damaged]), 400, Mutation.Of);
    }

    // Fewer pieces make each case fast and let more of the damage meet the structure.
    private static void Shorten(JsonObject tokenizer)
    {
        JsonNode model = tokenizer["model"]!;
        if (model["merges"] is not JsonArray merges)
        {
            if (model["vocab"] is JsonArray pieces)
                while (pieces.Count > 120) pieces.RemoveAt(pieces.Count - 1);
            return;
        }
        while (merges.Count > 12) merges.RemoveAt(merges.Count - 1);
        string[][] pairs = [.. merges.Select(m => m is JsonArray pair ? pair.Select(p => (string)p!).ToArray() : ((string)m!).Split(' '))];
        string prefix = (string?)model["continuing_subword_prefix"] ?? "";
        HashSet<string> used = [.. pairs.SelectMany(p => (string[])[p[0], p[1], p[0] + p[1][prefix.Length..]]), (string?)model["unk_token"] ?? ""];
        JsonObject vocabulary = model["vocab"]!.AsObject();
        foreach (string token in vocabulary.Select(p => p.Key).Skip(60).Where(t => !used.Contains(t)).ToList()) vocabulary.Remove(token);
    }

    private void Run(string name, byte[] original, int count, Func<byte[], Random, byte[]> mutate) => HostileRun.Cases(
        count, name.Length + original.Length,
        random =>
        {
            File.WriteAllBytes(folder[name], mutate(original, random));
            return Directory.EnumerateFiles(folder.Path).Sum(f => new FileInfo(f).Length);
        },
        () =>
        {
            Tokenizer tokenizer = TokenizerLoader.Load(folder.Path);
            int[] ids = tokenizer.Encode(Probe);
            Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabularySize - 1));
            tokenizer.Decode(ids);
            Assert.Equal(ids, tokenizer.Encode(Probe));
        });
}
