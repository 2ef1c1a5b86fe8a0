using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>What a byte-pair model consists of; see <see cref="BpeModel"/>.</summary>
internal sealed record BpeDefinition
{
    /// <summary>Token text by id; null where an id is not used.</summary>
    public required string?[] Tokens { get; init; }

    /// <summary>Id by token text.</summary>
    public required Dictionary<string, int> Ids { get; init; }

    /// <summary>Left, right, merged id and rank.</summary>
    public required IReadOnlyCollection<(int Left, int Right, int Merged, int Rank)> Merges { get; init; }

    /// <summary>Whether the tokens are spelled in the <see cref="ByteLevelAlphabet"/>.</summary>
    public bool ByteLevel { get; init; }

    /// <summary>Id for each byte of a character that is not in the vocabulary (-1: none), or null without byte fallback.</summary>
    public int[]? FallbackBytes { get; init; }

    /// <summary>Id for what the vocabulary cannot spell; without one it is dropped.</summary>
    public int? UnknownId { get; init; }

    /// <summary>Whether neighbouring unknown characters become one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether a word that is itself a token skips the merges.</summary>
    public bool IgnoreMerges { get; init; }
}

/// <summary>
/// Byte-pair encoding of one word (or of a whole text). A text without word boundaries is first cut where no merge can join the two
/// neighbouring characters, which changes no id but keeps the pieces short and cacheable.
/// </summary>
internal sealed class BpeModel
{
    private const int LongestCached = 128, MostCached = 1 << 17, DirectCodePoints = 0x3000;

    private readonly BpeDefinition _definition;
    private readonly MergeTable _merges;
    private readonly int[] _byteIds;
    private readonly int[] _directIds = new int[DirectCodePoints];
    private readonly Dictionary<int, int> _otherIds = [];
    private readonly CrossingPairs? _crossings;
    private readonly bool _unknownsFuse, _unknownsVanish;
    private readonly ConcurrentDictionary<string, int[]> _cache = new();
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cacheBySpan;
    private int _cached;

    public BpeModel(BpeDefinition definition)
    {
        _definition = definition;
        _merges = new MergeTable(definition.Merges);
        _cacheBySpan = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
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
        if (!definition.ByteLevel && !bytesMerge) _crossings = new CrossingPairs(definition);
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
        bool cacheable = piece.Length <= LongestCached;
        if (cacheable && _cacheBySpan.TryGetValue(piece, out int[]? known))
        {
            output.AddRange(known.AsSpan());
            return;
        }
        int[] buffer = ArrayPool<int>.Shared.Rent(piece.Length * 4);
        int count = _definition.ByteLevel ? BytesToIds(piece, buffer) : CharactersToIds(piece, buffer);
        if (_definition is { ByteLevel: true, IgnoreMerges: true } && _definition.Ids.TryGetValue(ByteLevelAlphabet.Spell(piece), out int whole))
            (buffer[0], count) = (whole, 1);
        else
            count = BpeMerger.Merge(buffer.AsSpan(0, count), _merges);
        ReadOnlySpan<int> ids = buffer.AsSpan(0, count);
        output.AddRange(ids);
        if (cacheable && Volatile.Read(ref _cached) < MostCached && _cache.TryAdd(piece.ToString(), ids.ToArray())) Interlocked.Increment(ref _cached);
        ArrayPool<int>.Shared.Return(buffer);
    }

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
        Span<byte> bytes = stackalloc byte[4];
        for (int at = 0; at < piece.Length;)
        {
            int codePoint = CodePoint(piece, at, out int used);
            at += used;
            int id = IdOf(codePoint);
            if (id >= 0)
            {
                ids[count++] = id;
                unknown = false;
                continue;
            }
            if (_definition.FallbackBytes is { } fallback)
            {
                int length = new Rune(codePoint).EncodeToUtf8(bytes);
                bool all = true;
                for (int i = 0; i < length; i++) all &= fallback[bytes[i]] >= 0;
                if (all)
                {
                    for (int i = 0; i < length; i++) ids[count++] = fallback[bytes[i]];
                    unknown = false;
                    continue;
                }
            }
            if (_definition.UnknownId is { } unknownId && !(unknown && _definition.FuseUnknown)) ids[count++] = unknownId;
            unknown = true;
        }
        return count;
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
