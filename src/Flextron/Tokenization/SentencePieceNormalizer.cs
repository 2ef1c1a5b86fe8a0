using System.Buffers;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>What SentencePiece does to a text before it is cut into pieces: character rules, white space, the space in front.</summary>
internal sealed class SentencePieceNormalizer
{
    private readonly CharacterMap? _map;
    private readonly bool _prefixes, _removesSpaces;
    private readonly byte[] _space;
    private readonly char _spaceCharacter;
    private readonly Dictionary<byte, byte[][]> _userDefined;

    /// <param name="map">Character rules, or null for none.</param>
    /// <param name="space">How the pieces spell a space.</param>
    /// <param name="prefixes">Whether a space is put in front of every text.</param>
    /// <param name="removesSpaces">Whether white space at both ends is dropped, and elsewhere made one space.</param>
    /// <param name="userDefined">Pieces that no rule may change.</param>
    public SentencePieceNormalizer(CharacterMap? map, char space, bool prefixes, bool removesSpaces, IEnumerable<string> userDefined)
    {
        (_map, _prefixes, _removesSpaces, _spaceCharacter) = (map, prefixes, removesSpaces, space);
        _space = Encoding.UTF8.GetBytes(space.ToString());
        _userDefined = userDefined.Where(p => p.Length > 0).Select(Encoding.UTF8.GetBytes).GroupBy(p => p[0]).ToDictionary(g => g.Key, g => g.OrderByDescending(p => p.Length).ToArray());
    }

    /// <summary>Whether all it does is to put a space in front and to spell spaces.</summary>
    public bool OnlyPrefixes => _map is null && _prefixes && !_removesSpaces;

    /// <summary>Whether decoding has a leading space to take away.</summary>
    public bool LeadingSpaceIsOurs => _prefixes || _removesSpaces;

    /// <summary>Whether it has all of them to take away.</summary>
    public bool RemovesSpaces => _removesSpaces;

    /// <summary>Normalizes a text without lone surrogates.</summary>
    public string Apply(string text)
    {
        if (text.Length == 0) return text;
        if (_map is null && !_removesSpaces)
        {
            string spelled = text.Replace(' ', _spaceCharacter);
            return _prefixes ? _spaceCharacter + spelled : spelled;
        }
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        int count = Encoding.UTF8.GetBytes(text, bytes);
        string result = Apply(bytes.AsSpan(0, count));
        ArrayPool<byte>.Shared.Return(bytes);
        return result;
    }

    private string Apply(ReadOnlySpan<byte> text)
    {
        if (_removesSpaces)
        {
            while (!text.IsEmpty && Prefix(text, out int used) is [(byte)' ']) text = text[used..];
            if (text.IsEmpty) return "";
        }
        var output = new ArrayBufferWriter<byte>(text.Length + text.Length / 4 + 8);
        if (_prefixes) output.Write(_space);
        bool afterSpace = _removesSpaces;
        while (!text.IsEmpty)
        {
            ReadOnlySpan<byte> piece = Prefix(text, out int used);
            text = text[used..];
            if (afterSpace) piece = piece.TrimStart((byte)' ');
            if (piece.IsEmpty) continue;
            afterSpace = _removesSpaces && piece[^1] == ' ';
            for (int at = 0; at < piece.Length;)
            {
                int plain = piece[at..].IndexOf((byte)' ');
                if (plain < 0) plain = piece.Length - at;
                output.Write(piece.Slice(at, plain));
                at += plain;
                if (at >= piece.Length) break;
                output.Write(_space);
                at++;
            }
        }
        ReadOnlySpan<byte> result = output.WrittenSpan;
        while (_removesSpaces && result.EndsWith(_space)) result = result[..^_space.Length];
        return Encoding.UTF8.GetString(result);
    }

    // What the beginning of a text becomes, and how many bytes of it that uses up: a run that no rule concerns goes on as it is.
    private ReadOnlySpan<byte> Prefix(ReadOnlySpan<byte> text, out int used)
    {
        if (_userDefined.TryGetValue(text[0], out byte[][]? pieces))
        {
            foreach (byte[] piece in pieces)
            {
                if (!text.StartsWith(piece)) continue;
                used = piece.Length;
                return text[..used];
            }
        }
        if (_map is not null && _map.Longest(text, out ReadOnlySpan<byte> replacement) is > 0 and int length)
        {
            used = length;
            return replacement;
        }
        Rune.DecodeFromUtf8(text, out _, out used);
        if (text[0] != ' ')
            while (used < text.Length && text[used] is < 128 and not (byte)' ' && _map?.Begins(text[used]) != true && !_userDefined.ContainsKey(text[used])) used++;
        return text[..used];
    }
}
