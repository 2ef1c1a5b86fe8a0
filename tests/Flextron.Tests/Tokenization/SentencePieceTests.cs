using System.Text.Json.Nodes;
using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

/// <summary>Ids and texts against SentencePiece itself, recorded on texts of many scripts and on random mixtures.</summary>
public class SentencePieceTests
{
    public static TheoryData<string> Names => new(ReferenceData.SentencePiece.Select(m => (string)m!["name"]!));

    [Theory]
    [MemberData(nameof(Names))]
    public void ModelsGiveTheReferencesIdsAndTexts(string name)
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllBytes(folder["tokenizer.model"], ReferenceData.Model(name));
        Tokenizer tokenizer = TokenizerLoader.Load(folder["tokenizer.model"]);
        foreach (JsonNode? expected in ReferenceData.SentencePiece.Single(m => (string)m!["name"]! == name)!["cases"]!.AsArray())
        {
            string text = (string)expected!["text"]!;
            int[] ids = ReferenceData.Ids(expected["ids"]);
            Assert.True(ids.SequenceEqual(tokenizer.Encode(text, addSpecialTokens: false)),
                $"{JsonSample.Quote(text)}: {string.Join(' ', ids)} expected, {string.Join(' ', tokenizer.Encode(text, addSpecialTokens: false))} found");
            // The reference shows unknown pieces; here special ones are left out.
            Assert.Equal(((string)expected["decoded"]!).Replace(" ⁇ ", "", StringComparison.Ordinal), tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void ALoneSurrogateIsTheReplacementCharacter()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllBytes(folder["tokenizer.model"], ReferenceData.Model("unigram-bytes"));
        Tokenizer tokenizer = TokenizerLoader.Load(folder["tokenizer.model"]);
        Assert.Equal(tokenizer.Encode("a\uFFFDb \uFFFD"), tokenizer.Encode("a\uD800b \uDC00"));
        Assert.Equal("a\uFFFDb \uFFFD", tokenizer.Decode(tokenizer.Encode("a\uD800b \uDC00")));
    }
}
