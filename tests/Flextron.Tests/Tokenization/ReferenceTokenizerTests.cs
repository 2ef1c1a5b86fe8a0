using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

/// <summary>Ids, texts and single steps against Hugging Face's own tokenizers, recorded on texts of many scripts and on random mixtures.</summary>
public class ReferenceTokenizerTests
{
    public static TheoryData<string> Names => new(ReferenceData.Tokenizers["tokenizers"]!.AsArray().Select(t => (string)t!["name"]!));

    [Theory]
    [MemberData(nameof(Names))]
    public void WholeTokenizersGiveTheReferencesIdsAndTexts(string name)
    {
        JsonNode record = ReferenceData.Tokenizers["tokenizers"]!.AsArray().Single(t => (string)t!["name"]! == name)!;
        Tokenizer tokenizer = ((JsonObject)record["tokenizer"]!.DeepClone()).Load();
        var differences = new List<string>();
        foreach ((string text, JsonNode? expected) in ReferenceData.Texts.Zip(record["cases"]!.AsArray()))
        {
            int[] ids = ReferenceData.Ids(expected!["ids"]);
            Compare(differences, text, string.Join(' ', ids), string.Join(' ', tokenizer.Encode(text)));
            Compare(differences, text, string.Join(' ', ReferenceData.Ids(expected["plain"])), string.Join(' ', tokenizer.Encode(text, addSpecialTokens: false)));
            if (expected["decoded"] is { } decoded) Compare(differences, text, (string)decoded!, tokenizer.Decode(ids));
        }
        Assert.True(differences.Count == 0, string.Concat(differences));
    }

    [Fact]
    public void EveryNormalizerGivesTheReferencesTexts() =>
        CompareParts("normalizers", part => TextNormalizer.Read(part).Apply);

    [Fact]
    public void EveryPreTokenizerCutsWhereTheReferenceCuts() => CompareParts("preTokenizers", part =>
    {
        PreTokenizer cutter = PreTokenizer.Read(part);
        return text =>
        {
            var words = new List<Segment>();
            cutter.Split(text, atStart: true, words);
            return JsonSerializer.Serialize(words.Select(w => w.Span.ToString()));
        };
    });

    [Fact]
    public void EveryDecoderGivesTheReferencesTexts()
    {
        var differences = new List<string>();
        foreach (JsonNode? record in ReferenceData.Tokenizers["decoders"]!.AsArray())
        {
            if (Supported(record!["part"], TokenDecoder.Read) is not { } decoder || record["outputs"] is not JsonArray outputs) continue;
            foreach ((JsonNode? tokens, JsonNode? expected) in record["tokens"]!.AsArray().Zip(outputs))
                Compare(differences, $"{record["part"]?.ToJsonString()} {tokens!.ToJsonString()}", (string)expected!, decoder.Decode([.. tokens.AsArray().Select(t => (string)t!)]));
        }
        Assert.True(differences.Count == 0, string.Concat(differences));
    }

    // What is not supported must say so; the count keeps the refusals from growing unseen.
    private static void CompareParts(string kind, Func<JsonPart?, Func<string, string>> read)
    {
        var differences = new List<string>();
        int compared = 0;
        foreach (JsonNode? record in ReferenceData.Tokenizers[kind]!.AsArray())
        {
            if (Supported(record!["part"], read) is not { } step) continue;
            compared++;
            foreach ((string text, JsonNode? expected) in ReferenceData.Texts.Zip(record["outputs"]!.AsArray()))
            {
                string wanted = expected is JsonArray words ? JsonSerializer.Serialize(words.Select(w => (string)w!).Where(w => w.Length > 0)) : (string)expected!;
                Compare(differences, $"{record["part"]!.ToJsonString()[..Math.Min(100, record["part"]!.ToJsonString().Length)]} {text}", wanted, step(text));
            }
        }
        Assert.True(differences.Count == 0, string.Concat(differences));
        Assert.True(compared >= 21, $"{compared} compared");
    }

    private static T? Supported<T>(JsonNode? part, Func<JsonPart?, T> read) where T : class
    {
        try
        {
            return read(part is null ? null : new JsonPart("tokenizer.json", "part", JsonSerializer.SerializeToElement(part)));
        }
        catch (FlextronException e) when (e.Message.Contains("not supported", StringComparison.Ordinal))
        {
            TestContext.Current.SendDiagnosticMessage(e.Message);
            return null;
        }
    }

    private static void Compare(List<string> differences, string what, string expected, string actual)
    {
        if (expected != actual && differences.Count < 8) differences.Add($"{JsonSample.Quote(what)}:\n  expected {JsonSample.Quote(expected)}\n  actual   {JsonSample.Quote(actual)}\n");
    }
}
