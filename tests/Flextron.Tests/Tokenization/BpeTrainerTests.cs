using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

public class BpeTrainerTests
{
    private static readonly BpeTrainerSettings s_settings = new()
    {
        VocabularySize = 330, SpecialTokens = ["<|endoftext|>"], BosToken = "<|bos|>", EosToken = "<|endoftext|>",
    };

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 3)]
    public void LearnsTheMergesOfTheNaiveTrainer(int seed, int minimum)
    {
        var random = new Random(seed);
        string[] texts = [.. Enumerable.Range(0, 12).Select(_ => SampleTexts.Random(random, "aaabbbcd  .1é", 120)), "aaaaaaaaaaaaaaaaaaaa<|endoftext|>abababab"];
        Tokenizer tokenizer = BpeTrainer.Train(texts, s_settings with { MinimumPairCount = minimum });

        // Bytes are written as the Latin-1 character of the same number, in the order of the ids.
        byte[] order = [.. Enumerable.Range(0, 256).Select(b => (byte)b).OrderBy(b => IsPrintable(b) ? b : 256 + b)];
        List<string> tokens = ["<|endoftext|>", "<|bos|>", .. order.Select(b => ((char)b).ToString())];
        IEnumerable<List<string>> words = texts.SelectMany(t => t.Split("<|endoftext|>"))
            .SelectMany(t => Regex.Matches(t, @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"))
            .Select(m => Encoding.UTF8.GetBytes(m.Value).Select(b => ((char)b).ToString()).ToList());
        NaiveBpe.Train(words, tokens, s_settings.VocabularySize, minimum);

        Assert.Equal(tokens.Count, tokenizer.VocabularySize);
        for (int id = 2; id < tokens.Count; id++)
            Assert.Equal(Encoding.Latin1.GetBytes(tokens[id]), tokenizer.TokenText(id).Select(c => (byte)ByteLevelAlphabet.ToByte(c)));
    }

    [Fact]
    public void RoundTripsWhatItNeverSaw()
    {
        Tokenizer tokenizer = BpeTrainer.Train(["the cat sat on the mat, the cat sat"], s_settings);
        foreach (string text in SampleTexts.All) Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        Assert.Equal("x\uFFFDy", tokenizer.Decode(tokenizer.Encode("x\uD800y")));
        Assert.Equal([1, .. tokenizer.Encode("a", false), 0, .. tokenizer.Encode("b", false)], tokenizer.Encode("a<|endoftext|>b"));
        Assert.Equal((1, 0, true), (tokenizer.BosId, tokenizer.EosId, tokenizer.AddsBos));
    }

    [Fact]
    public void SavedAndLoadedItIsTheSame()
    {
        string[] texts = ["the cat sat on the mat, the cat sat", "in the hat with the bat"];
        Tokenizer tokenizer = BpeTrainer.Train(texts, s_settings);
        using TemporaryFolder folder = TestData.Temporary();
        HuggingFaceTokenizerWriter.Save(tokenizer, folder["first"]);
        HuggingFaceTokenizerWriter.Save(BpeTrainer.Train(texts, s_settings), folder["again"]);
        foreach (string name in (string[])["tokenizer.json", "tokenizer_config.json"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder["first"], name)), File.ReadAllBytes(Path.Combine(folder["again"], name)));

        Tokenizer loaded = TokenizerLoader.Load(folder["first"]);
        Assert.Equal((tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.AddsBos), (loaded.VocabularySize, loaded.BosId, loaded.EosId, loaded.AddsBos));
        foreach (string text in SampleTexts.All) Assert.Equal(tokenizer.Encode(text), loaded.Encode(text));
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder["first"], "tokenizer.json")))!;
        Assert.Equal("TemplateProcessing", (string)json["post_processor"]!["type"]!);
        Assert.Equal(loaded.VocabularySize, json["model"]!["vocab"]!.AsObject().Count);
        Assert.Contains("trained", Assert.Throws<FlextronException>(() => HuggingFaceTokenizerWriter.Save(loaded, folder["x"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BosIsOptional()
    {
        Tokenizer without = BpeTrainer.Train(["aa"], new BpeTrainerSettings { VocabularySize = 257 });
        Assert.Equal((null, 0, false), (without.BosId, without.EosId, without.AddsBos));
        Tokenizer notAdded = BpeTrainer.Train(["aa"], s_settings with { AddBos = false });
        Assert.Equal((1, false), (notAdded.BosId, notAdded.AddsBos));
        Assert.Equal(notAdded.Encode("aa", addSpecialTokens: false), notAdded.Encode("aa"));
    }

    [Fact]
    public void ASpecialTokenIsNeverLearnedAsText()
    {
        Tokenizer tokenizer = BpeTrainer.Train(["ab ab ab ab"], new BpeTrainerSettings { VocabularySize = 300, SpecialTokens = ["Ġa"], EosToken = null });
        Assert.DoesNotContain(0, tokenizer.Encode("ab ab"));
        Assert.Equal("ab ab", tokenizer.Decode(tokenizer.Encode("ab ab")));
    }

    [Theory]
    [InlineData(200, "<x>", 2)]
    [InlineData(300, "", 2)]
    [InlineData(300, "a", 2)]
    [InlineData(300, "<x>", 0)]
    public void ContradictorySettingsAreRefused(int size, string special, int minimum)
    {
        var settings = new BpeTrainerSettings { VocabularySize = size, SpecialTokens = [special], MinimumPairCount = minimum };
        Assert.EndsWith(".", Assert.Throws<FlextronException>(() => BpeTrainer.Train(["a"], settings)).Message, StringComparison.Ordinal);
    }

    private static bool IsPrintable(byte b) => b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
}
