using System.Text.Json;

namespace Flextron.Tokenization;

/// <summary>Reads the <c>model</c> of a tokenizer.json: BPE, Unigram, WordPiece or WordLevel.</summary>
internal static class TokenModelReader
{
    // How much less likely than the least likely piece an unknown character is (SentencePiece's constant).
    private const double UnknownPenalty = 10;

    /// <summary>The model's tokens by text.</summary>
    /// <param name="model">The part.</param>
    /// <param name="largestId">Ids above are refused.</param>
    /// <exception cref="FlextronException">The model's kind is not supported, or its vocabulary malformed.</exception>
    public static Dictionary<string, int> ReadVocabulary(JsonPart model, long largestId)
    {
        JsonPart vocab = model.Get("vocab");
        var vocabulary = new Dictionary<string, int>();
        if (Kind(model) == "Unigram")
        {
            int id = 0;
            // Of equal pieces the later one is what a text's piece leads to.
            foreach (JsonPart piece in vocab.Items()) vocabulary[Pair(piece).Text.Text()] = id++;
        }
        else
        {
            foreach ((string token, JsonPart value) in vocab.Members())
            {
                int id = value.Int();
                if (id < 0 || id > largestId) throw value.Bad($"has the id {id}, which is out of range");
                vocabulary[token] = id;
            }
        }
        return vocabulary.Count > 0 ? vocabulary : throw vocab.Bad("is empty");
    }

    /// <summary>Makes the model.</summary>
    /// <param name="model">The part.</param>
    /// <param name="vocabulary">What <see cref="ReadVocabulary"/> found.</param>
    /// <param name="tokens">Token text by id.</param>
    /// <param name="byteLevel">Whether words are spelled as bytes.</param>
    public static ITokenModel Read(JsonPart model, Dictionary<string, int> vocabulary, string?[] tokens, bool byteLevel) => Kind(model) switch
    {
        "BPE" => ReadBpe(model, vocabulary, tokens, byteLevel),
        _ when byteLevel => throw model.Unsupported($"a {Kind(model)} model of bytes"),
        "Unigram" => ReadUnigram(model, vocabulary),
        "WordPiece" => ReadWordPiece(model, vocabulary),
        _ => new WordLevelModel(vocabulary, Unknown(model, vocabulary)),
    };

    // Files from before the type was written have merges.
    private static string Kind(JsonPart model)
    {
        string kind = model.Text("type", model.Find("merges") is null ? "Unigram" : "BPE")!;
        return kind is "BPE" or "Unigram" or "WordPiece" or "WordLevel" ? kind : throw model.Unsupported($"a {kind} model");
    }

    private static BpeModel ReadBpe(JsonPart model, Dictionary<string, int> vocabulary, string?[] tokens, bool byteLevel)
    {
        if (model.Find("dropout") is { } dropout && dropout.Number() != 0) throw model.Unsupported("dropout");
        string prefix = model.Text("continuing_subword_prefix", "")!;
        return new BpeModel(new BpeDefinition
        {
            Tokens = tokens,
            Ids = vocabulary,
            Merges = ReadMerges(model.Get("merges"), vocabulary, prefix),
            ByteLevel = byteLevel,
            FallbackBytes = FallbackBytes(model, vocabulary),
            UnknownId = Unknown(model, vocabulary),
            FuseUnknown = model.Flag("fuse_unk", false),
            IgnoreMerges = model.Flag("ignore_merges", false),
            ContinuingPrefix = prefix,
            EndSuffix = model.Text("end_of_word_suffix", "")!,
        });
    }

    private static UnigramModel ReadUnigram(JsonPart model, Dictionary<string, int> vocabulary)
    {
        double[] scores = [.. model.Get("vocab").Items().Select(piece => Pair(piece).Score.Number())];
        int? unknown = null;
        if (model.Find("unk_id") is { } unk)
            unknown = unk.Int() is var id && id >= 0 && id < scores.Length ? id : throw unk.Bad($"is {id}, outside the vocabulary of {scores.Length}");
        return new UnigramModel(new UnigramDefinition
        {
            Pieces = [.. vocabulary.Select(p => (p.Key, p.Value, scores[p.Value]))],
            UnknownScore = scores.Min() - UnknownPenalty,
            UnknownId = unknown,
            FallbackBytes = FallbackBytes(model, vocabulary),
            Cached = true,
        });
    }

    private static WordPieceModel ReadWordPiece(JsonPart model, Dictionary<string, int> vocabulary)
    {
        int most = model.Find("max_input_chars_per_word")?.Int() ?? 100;
        int unknown = Unknown(model, vocabulary) ?? throw model.Bad("has no unk_token");
        return new WordPieceModel(vocabulary, model.Text("continuing_subword_prefix", "##")!, unknown, most);
    }

    private static (JsonPart Text, JsonPart Score) Pair(JsonPart piece) =>
        piece.Items().Take(3).ToList() is [var text, var score] ? (text, score) : throw piece.Bad("is not a piece and its score");

    private static int? Unknown(JsonPart model, Dictionary<string, int> vocabulary)
    {
        if (model.Find("unk_token") is not { } unk) return null;
        return vocabulary.TryGetValue(unk.Text(), out int id) ? id : throw unk.Bad($"names the token {unk.Text()}, which the vocabulary does not have");
    }

    private static int[]? FallbackBytes(JsonPart model, Dictionary<string, int> vocabulary) =>
        model.Flag("byte_fallback", false) ? [.. Enumerable.Range(0, 256).Select(b => vocabulary.GetValueOrDefault($"<0x{b:X2}>", -1))] : null;

    private static List<(int Left, int Right, int Merged, int Rank)> ReadMerges(JsonPart merges, Dictionary<string, int> vocabulary, string prefix)
    {
        var result = new List<(int, int, int, int)>();
        foreach (JsonPart item in merges.Items())
        {
            string[] pair = item.Element.ValueKind == JsonValueKind.Array ? [.. item.Items().Select(i => i.Text())] : item.Text().Split(' ');
            if (pair.Length != 2) throw item.Bad("is not a pair of tokens");
            // The right one of a pair continues a word; joined, it does not say so any more.
            if (pair[1].Length < prefix.Length) throw item.Bad($"continues a word with {pair[1]}, which is shorter than the prefix {prefix}");
            int[] ids = new int[3];
            for (int i = 0; i < 3; i++)
            {
                string token = i < 2 ? pair[i] : pair[0] + pair[1][prefix.Length..];
                if (!vocabulary.TryGetValue(token, out ids[i])) throw item.Bad($"names the token {token}, which the vocabulary does not have");
            }
            result.Add((ids[0], ids[1], ids[2], result.Count));
        }
        return result;
    }
}
