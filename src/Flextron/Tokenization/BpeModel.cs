using System.Buffers;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>
/// Byte-pair encoding of one word (or of a whole text). A text without word boundaries is first cut where no merge can join the two
/// neighbouring characters, which changes no id but keeps the pieces short and cacheable.
/// </summary>
internal sealed class BpeModel : ITokenModel
{
    private const int DirectCodePoints = 0x3000;

    private readonly BpeDefinition _definition;
    private readonly MergeTable _merges;
    private readonly int[] _byteIds;
    private readonly int[] _directIds = new int[DirectCodePoints];
    private readonly Dictionary<int, int> _otherIds = [];
    private readonly CrossingPairs? _crossings;
    private readonly bool _unknownsFuse, _unknownsVanish, _affixed;
    private readonly WordCache _cache = new();

    /// <summary>What it consists of.</summary>
    public BpeDefinition Definition => _definition;

    public BpeModel(BpeDefinition definition)
    {
        _definition = definition;
        _merges = new MergeTable(definition.Merges);
        _byteIds = new int[256];
        for (int b = 0; b < 256; b++)
            _byteIds[b] = definition.Ids.GetValueOrDefault(ByteLevelAlphabet.OfByte((byte)b).ToString(), -1);
        Array.Fill(_directIds, -1);
        foreach ((string token, int id) in definition.Ids)
        {
            if (token.Length is 0 or > 2 || Rune.DecodeFromUtf16(token, out Rune rune, out int used) != OperationStatus.Done || used != token.Length)
                continue;
            if (rune.Value < DirectCodePoints) _directIds[rune.Value] = id;
            else _otherIds[rune.Value] = id;
        }
        // Merges that start from fallback bytes could cross between any two unknown characters.
        bool bytesMerge = definition.FallbackBytes is { } bytes
            && definition.Merges.Any(m => Array.IndexOf(bytes, m.Left) >= 0 || Array.IndexOf(bytes, m.Right) >= 0);
        _affixed = definition.ContinuingPrefix.Length + definition.EndSuffix.Length > 0;
        if (!definition.ByteLevel && !bytesMerge && !_affixed) _crossings = new CrossingPairs(definition);
        bool everyByteFallsBack = definition.FallbackBytes is { } all && !all.Contains(-1);
        _unknownsFuse = !everyByteFallsBack && definition is { UnknownId: not null, FuseUnknown: true };
        _unknownsVanish = !everyByteFallsBack && definition.UnknownId is null;
    }

    /// <summary>Encodes one word of the pre-tokenizer and appends its ids.</summary>
    public void Encode(ReadOnlySpan<char> word, List<int> output)
    {
        if (word.IsEmpty) return;
        if (_crossings is null)
        {
            EncodePiece(word, output);
            return;
        }
        if (_definition.IgnoreMerges && _definition.Ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out int whole))
        {
            output.Add(whole);
            return;
        }
        int start = 0;
        int left = CodePoint(word, 0, out int at);
        while (at < word.Length)
        {
            int right = CodePoint(word, at, out int used);
            if (!_crossings.Contains(left, right) && !UnknownsJoin(left, right))
            {
                EncodePiece(word[start..at], output);
                start = at;
            }
            left = right;
            at += used;
        }
        EncodePiece(word[start..], output);
    }

    // Unknown neighbours become one token, or the characters on both sides of one that is dropped become neighbours.
    private bool UnknownsJoin(int left, int right) =>
        (_unknownsFuse && IdOf(left) < 0 && IdOf(right) < 0) || (_unknownsVanish && (IdOf(left) < 0 || IdOf(right) < 0));

    private void EncodePiece(ReadOnlySpan<char> piece, List<int> output)
    {
        if (piece.Length == 1 && _crossings is not null && IdOf(piece[0]) is >= 0 and int single)
        {
            output.Add(single);
            return;
        }
        if (_cache.TryAppend(piece, output)) return;
        // A character has at most four bytes, each of which may become an id.
        int[] buffer = ArrayPool<int>.Shared.Rent(piece.Length * 4 + _definition.ContinuingPrefix.Length * piece.Length + _definition.EndSuffix.Length);
        int count = _affixed ? AffixedIds(piece, buffer) : _definition.ByteLevel ? BytesToIds(piece, buffer) : CharactersToIds(piece, buffer);
        if (_crossings is null && _definition.IgnoreMerges && WholeWord(piece) is { } whole)
            (buffer[0], count) = (whole, 1);
        else
            count = BpeMerger.Merge(buffer.AsSpan(0, count), _merges);
        ReadOnlySpan<int> ids = buffer.AsSpan(0, count);
        output.AddRange(ids);
        _cache.Add(piece, ids);
        ArrayPool<int>.Shared.Return(buffer);
    }

    private int? WholeWord(ReadOnlySpan<char> piece) =>
        _definition.Ids.TryGetValue(_definition.ByteLevel ? ByteLevelAlphabet.Spell(piece) : piece.ToString(), out int id) ? id : null;

    private int BytesToIds(ReadOnlySpan<char> piece, int[] ids)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(piece.Length));
        int length = Encoding.UTF8.GetBytes(piece, bytes), count = 0;
        bool unknown = false;
        for (int i = 0; i < length; i++)
        {
            int id = _byteIds[bytes[i]];
            if (id >= 0) ids[count++] = id;
            else if (_definition.UnknownId is { } unknownId && !(unknown && _definition.FuseUnknown)) ids[count++] = unknownId;
            unknown = id < 0;
        }
        ArrayPool<byte>.Shared.Return(bytes);
        return count;
    }

    private int CharactersToIds(ReadOnlySpan<char> piece, int[] ids)
    {
        int count = 0;
        bool unknown = false;
        for (int at = 0; at < piece.Length;)
        {
            int id = IdOf(CodePoint(piece, at, out int used));
            if (id >= 0) (ids[count++], unknown) = (id, false);
            else AddUnknown(piece.Slice(at, used), ids, ref count, ref unknown);
            at += used;
        }
        return count;
    }

    // Symbols with a mark on those that continue a word or end it; each is looked up as it is spelled.
    private int AffixedIds(ReadOnlySpan<char> piece, int[] ids)
    {
        string spelled = _definition.ByteLevel ? ByteLevelAlphabet.Spell(piece) : piece.ToString();
        int count = 0;
        bool unknown = false;
        for (int at = 0; at < spelled.Length;)
        {
            int used = char.IsHighSurrogate(spelled[at]) ? 2 : 1;
            string prefix = at > 0 ? _definition.ContinuingPrefix : "", suffix = at + used == spelled.Length ? _definition.EndSuffix : "";
            string symbol = string.Concat(prefix, spelled.AsSpan(at, used), suffix);
            if (_definition.Ids.TryGetValue(symbol, out int id)) (ids[count++], unknown) = (id, false);
            else AddUnknown(symbol, ids, ref count, ref unknown);
            at += used;
        }
        return count;
    }

    private void AddUnknown(ReadOnlySpan<char> symbol, int[] ids, ref int count, ref bool unknown)
    {
        if (_definition.FallbackBytes is { } fallback)
        {
            byte[] bytes = new byte[Encoding.UTF8.GetByteCount(symbol)];
            Encoding.UTF8.GetBytes(symbol, bytes);
            if (Array.TrueForAll(bytes, b => fallback[b] >= 0))
            {
                foreach (byte b in bytes) ids[count++] = fallback[b];
                unknown = false;
                return;
            }
        }
        if (_definition.UnknownId is { } unknownId && !(unknown && _definition.FuseUnknown)) ids[count++] = unknownId;
        unknown = true;
    }

    private int IdOf(int codePoint) => codePoint < DirectCodePoints ? _directIds[codePoint] : _otherIds.GetValueOrDefault(codePoint, -1);

    private static int CodePoint(ReadOnlySpan<char> text, int at, out int used)
    {
        char c = text[at];
        if (!char.IsSurrogate(c))
        {
            used = 1;
            return c;
        }
        Rune.DecodeFromUtf16(text[at..], out Rune rune, out used);
        return rune.Value;
    }
}
