using System.IO.Compression;
using System.Text.Json.Nodes;

namespace Flextron.Tests.Tokenization;

/// <summary>What reference implementations made of the sample texts; see <c>Fixtures</c> for the programs that recorded it.</summary>
internal static class ReferenceData
{
    private static readonly Lazy<JsonArray> s_sentencePiece = new(() => Read("sentencepiece.json.gz").AsArray());
    private static readonly Lazy<JsonObject> s_tokenizers = new(() => (JsonObject)WithMaps(Read("tokenizers.json.gz")));

    /// <summary>SentencePiece models with their cases.</summary>
    public static JsonArray SentencePiece => s_sentencePiece.Value;

    /// <summary>Hugging Face tokenizers and their parts.</summary>
    public static JsonObject Tokenizers => s_tokenizers.Value;

    /// <summary>The texts of the recorded tokenizers.</summary>
    public static string[] Texts => [.. Tokenizers["texts"]!.AsArray().Select(t => (string)t!)];

    /// <summary>The bytes of a recorded SentencePiece model.</summary>
    public static byte[] Model(string name) => Convert.FromBase64String((string)SentencePiece.Single(m => (string)m!["name"]! == name)!["model"]!);

    /// <summary>A list of ids.</summary>
    public static int[] Ids(JsonNode? node) => [.. node!.AsArray().Select(id => (int)id!)];

    private static JsonNode Read(string name)
    {
        using Stream packed = typeof(ReferenceData).Assembly.GetManifestResourceStream(name)!;
        using var stream = new GZipStream(packed, CompressionMode.Decompress);
        return JsonNode.Parse(stream)!;
    }

    // The character map of SentencePiece's usual rules stands in the model that was trained with it: field 2 of field 3.
    private static JsonNode WithMaps(JsonNode record)
    {
        string map = Convert.ToBase64String(Field(Field(Model("unigram-nmt"), 3), 2));
        return JsonNode.Parse(record.ToJsonString().Replace("@unigram-nmt", map, StringComparison.Ordinal))!;
    }

    private static byte[] Field(byte[] message, int wanted)
    {
        byte[] found = [];
        int at = 0;
        while (at < message.Length)
        {
            ulong tag = Varint(), wire = tag & 7;
            if (wire == 0) Varint();
            else if (wire == 5) at += 4;
            else
            {
                int length = (int)Varint();
                if ((int)(tag >> 3) == wanted) found = message[at..(at + length)];
                at += length;
            }
        }
        return found;

        ulong Varint()
        {
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte b = message[at++];
                value |= (ulong)(b & 127) << shift;
                if (b < 128) return value;
            }
        }
    }
}
