using System.Text.Json;
using Flextron.Storage;

namespace Flextron.Tokenization;

/// <summary>Reads a Hugging Face <c>tokenizer.json</c>. What it asks for and is not supported is refused by name.</summary>
internal static class HuggingFaceTokenizerReader
{
    /// <summary>Reads the file; the settings beside it name the BOS and EOS tokens.</summary>
    /// <exception cref="FlextronException">The file is missing, malformed or asks for something that is not supported.</exception>
    public static HuggingFaceTokenizer Read(string path)
    {
        JsonElement root = FlextronJson.ReadFile<JsonElement>(path, "tokenizer.json");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        // No id can be larger than the number of bytes of a file that lists them all: this bounds what a hostile file can make us allocate.
        long largestId = Math.Min(new FileInfo(path).Length, int.MaxValue - 1);
        return Read(new JsonPart(path, "", root), largestId, (idOf, size) => SpecialTokenNames.Find(folder, idOf, size), null);
    }

    /// <summary>Reads a description that stands for other files.</summary>
    public static HuggingFaceTokenizer Read(JsonPart root, long largestId, (int? Bos, int? Eos) special) => Read(root, largestId, (_, _) => special, null);

    /// <summary>Reads the description of a tokenizer that was trained here.</summary>
    public static HuggingFaceTokenizer Read(JsonPart root, IReadOnlyDictionary<string, string> ownFiles, BpeTrainerSettings settings, int size) =>
        Read(root, size, (idOf, _) => (settings.BosToken is { } bos ? idOf(bos) : null, settings.EosToken is { } eos ? idOf(eos) : null), ownFiles);

    private static HuggingFaceTokenizer Read(JsonPart root, long largestId, Func<Func<string, int?>, int, (int? Bos, int? Eos)> findSpecial,
        IReadOnlyDictionary<string, string>? ownFiles)
    {
        PreTokenizer preTokenizer = PreTokenizer.Read(root.Find("pre_tokenizer"));
        TextNormalizer normalizer = TextNormalizer.Read(root.Find("normalizer"));
        TokenDecoder decoder = TokenDecoder.Read(root.Find("decoder"));
        JsonPart model = root.Get("model");
        Dictionary<string, int> vocabulary = TokenModelReader.ReadVocabulary(model, largestId);
        List<AddedToken> added = root.Find("added_tokens") is { } list ? ReadAddedTokens(list, vocabulary, largestId) : [];
        string?[] tokens = Spell(vocabulary, added, model);
        ITokenModel encoder = TokenModelReader.Read(model, vocabulary, tokens, preTokenizer.ByteLevel);

        var allIds = new Dictionary<string, int>(vocabulary);
        foreach (AddedToken token in added) allIds[token.Content] = token.Id;
        (int[] prefix, int[] suffix) = root.Find("post_processor") is { } post ? TemplateReader.Read(post, tokens.Length) : ([], []);
        (int? bos, int? eos) = findSpecial(t => allIds.TryGetValue(t, out int id) ? id : null, tokens.Length);
        return new HuggingFaceTokenizer(new HuggingFaceTokenizer.Components
        {
            File = root.File,
            Tokens = tokens,
            Model = encoder,
            AddedTokens = added,
            Normalizer = normalizer,
            PreTokenizer = preTokenizer,
            Decoder = decoder,
            Prefix = prefix,
            Suffix = suffix,
            BosId = bos,
            EosId = eos,
        }) { OwnFiles = ownFiles };
    }

    private static List<AddedToken> ReadAddedTokens(JsonPart list, Dictionary<string, int> vocabulary, long largestId)
    {
        var result = new List<AddedToken>();
        foreach (JsonPart item in list.Items())
        {
            string content = item.Get("content").Text();
            int id = item.Get("id").Int();
            if (id < 0 || id > largestId) throw item.Bad($"has the id {id}, which is out of range");
            if (vocabulary.TryGetValue(content, out int known) && known != id)
                throw item.Bad($"gives {content} the id {id}, but the vocabulary says {known}");
            bool special = item.Flag("special", false);
            result.Add(new AddedToken(id, content, special, item.Flag("lstrip", false), item.Flag("rstrip", false),
                item.Flag("single_word", false), item.Flag("normalized", !special)));
        }
        return result;
    }

    private static string?[] Spell(Dictionary<string, int> vocabulary, List<AddedToken> added, JsonPart model)
    {
        int size = Math.Max(vocabulary.Values.Max(), added.Count == 0 ? 0 : added.Max(t => t.Id)) + 1;
        var tokens = new string?[size];
        foreach ((string token, int id) in vocabulary.Select(p => (p.Key, p.Value)).Concat(added.Select(t => (t.Content, t.Id))))
        {
            if (tokens[id] is { } other && other != token) throw model.Bad($"gives the id {id} to both {other} and {token}");
            tokens[id] = token;
        }
        return tokens;
    }
}
