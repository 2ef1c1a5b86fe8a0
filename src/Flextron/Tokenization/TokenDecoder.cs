using System.Globalization;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>The <c>decoder</c> of a tokenizer.json: token texts to text, step by step.</summary>
internal sealed class TokenDecoder
{
    // The English contractions and marks that the format joins again, in its order.
    private static readonly (string Spaced, string Joined)[] s_cleanUps =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    private readonly List<Func<List<string>, List<string>>> _steps = [];
    private readonly bool _present;

    private TokenDecoder(bool present) => _present = present;

    /// <summary>Reads the part; null stands for none: tokens are then joined by spaces, as the format says.</summary>
    public static TokenDecoder Read(JsonPart? part)
    {
        var result = new TokenDecoder(part is not null);
        if (part is { } present) result.Add(present);
        return result;
    }

    /// <summary>The text of a sequence of tokens.</summary>
    public string Decode(List<string> tokens)
    {
        if (!_present) return string.Join(' ', tokens);
        foreach (Func<List<string>, List<string>> step in _steps) tokens = step(tokens);
        return string.Concat(tokens);
    }

    private void Add(JsonPart part)
    {
        string type = part.Get("type").Text();
        switch (type)
        {
            case "Sequence":
                foreach (JsonPart inner in part.Get("decoders").Items()) Add(inner);
                break;
            case "ByteLevel":
                _steps.Add(FromByteLevel);
                break;
            case "ByteFallback":
                _steps.Add(FromFallbackBytes);
                break;
            case "Fuse":
                _steps.Add(tokens => [string.Concat(tokens)]);
                break;
            case "Replace":
                Func<string, string> replace = TextReplacement.Read(part);
                _steps.Add(tokens => tokens.ConvertAll(t => replace(t)));
                break;
            case "Strip":
                string content = part.Get("content").Text();
                if (content.Length != 1) throw part.Bad("has a content that is not one character");
                int left = part.Get("start").Int(), right = part.Get("stop").Int();
                _steps.Add(tokens => tokens.ConvertAll(t => Strip(t, content[0], left, right)));
                break;
            case "Metaspace":
                string replacement = part.Text("replacement", "▁")!;
                string scheme = part.Text("prepend_scheme", null) ?? (part.Flag("add_prefix_space", true) ? "always" : "never");
                _steps.Add(tokens => [.. tokens.Select((t, i) => t.Replace(replacement, i == 0 && scheme != "never" ? "" : " ", StringComparison.Ordinal))]);
                break;
            case "WordPiece":
                string prefix = part.Text("prefix", "##")!;
                bool cleanUp = part.Flag("cleanup", true);
                _steps.Add(tokens => [.. tokens.Select((t, i) => FromWordPiece(t, i == 0, prefix, cleanUp))]);
                break;
            case "BPEDecoder":
                string suffix = part.Text("suffix", "</w>")!;
                if (suffix.Length == 0) throw part.Bad("has an empty suffix");
                _steps.Add(tokens => [.. tokens.Select((t, i) => t.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))]);
                break;
            default:
                throw part.Unsupported($"the decoder {type}");
        }
    }

    /// <summary>The byte that a piece such as <c>&lt;0x0A&gt;</c> stands for, or -1.</summary>
    public static int ByteOf(string piece) =>
        piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
        && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value) ? value : -1;

    private static List<string> FromByteLevel(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (string token in tokens)
        {
            // A token with characters outside the alphabet (an added token) is text as it stands.
            if (token.All(c => ByteLevelAlphabet.ToByte(c) >= 0))
                foreach (char c in token) bytes.Add((byte)ByteLevelAlphabet.ToByte(c));
            else
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
        }
        return [Encoding.UTF8.GetString([.. bytes])];
    }

    private static List<string> FromFallbackBytes(List<string> tokens)
    {
        var result = new List<string>(tokens.Count);
        var bytes = new List<byte>();
        foreach (string token in tokens)
        {
            int value = ByteOf(token);
            if (value >= 0)
            {
                bytes.Add((byte)value);
                continue;
            }
            Flush();
            result.Add(token);
        }
        Flush();
        return result;

        void Flush()
        {
            if (bytes.Count == 0) return;
            // The format has one replacement for every byte of a run that is not UTF-8 as a whole.
            result.Add(System.Text.Unicode.Utf8.IsValid(bytes.ToArray()) ? Encoding.UTF8.GetString([.. bytes]) : new string('\uFFFD', bytes.Count));
            bytes.Clear();
        }
    }

    private static string FromWordPiece(string token, bool first, string prefix, bool cleanUp)
    {
        if (!first) token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
        if (!cleanUp) return token;
        foreach ((string spaced, string joined) in s_cleanUps) token = token.Replace(spaced, joined, StringComparison.Ordinal);
        return token;
    }

    private static string Strip(string token, char content, int left, int right)
    {
        int start = 0, end = token.Length;
        while (start < left && start < end && token[start] == content) start++;
        for (int i = 0; i < right && end > start && token[end - 1] == content; i++) end--;
        return token[start..end];
    }
}
