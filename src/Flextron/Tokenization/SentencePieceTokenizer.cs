using System.Text;

namespace Flextron.Tokenization;

/// <summary>
/// A tokenizer of scored pieces (SentencePiece; llama2.c's tokenizer.bin). The scores are log probabilities of a unigram model, or the order of
/// merges of a byte-pair model: of all neighbours whose concatenation is a piece, the one of the best score is joined first, the leftmost of equals.
/// </summary>
internal sealed class SentencePieceTokenizer : Tokenizer
{
    /// <summary>What a piece is for.</summary>
    internal enum PieceKind
    {
        /// <summary>Text.</summary>
        Normal,

        /// <summary>Neither matched in text nor shown when decoding: BOS, EOS, unknown.</summary>
        Control,

        /// <summary>One raw byte.</summary>
        Byte,

        /// <summary>Text that is matched first and never merged.</summary>
        UserDefined,

        /// <summary>An id that is kept free.</summary>
        Unused,
    }

    /// <summary>One entry of the vocabulary.</summary>
    internal readonly record struct Piece(string Text, float Score, PieceKind Kind);

    /// <summary>How a vocabulary is used.</summary>
    internal sealed record Components
    {
        public required string File { get; init; }
        public required IReadOnlyList<Piece> Pieces { get; init; }

        /// <summary>How the pieces spell a space: ' ' itself or '▁'.</summary>
        public required char Space { get; init; }

        /// <summary>What is done to a text first.</summary>
        public required SentencePieceNormalizer Normalizer { get; init; }

        /// <summary>Whether the scores are log probabilities of a unigram model instead of the order of merges.</summary>
        public bool Unigram { get; init; }

        /// <summary>Whether decoding takes the space in front away at the very beginning as well, not only after BOS.</summary>
        public required bool StripsAtStart { get; init; }
        public required int? UnknownId { get; init; }
        public required int? BosId { get; init; }
        public required int? EosId { get; init; }
        public required bool AddsBos { get; init; }
    }

    // Longer pieces do not occur in practice; the bound keeps the search for their halves short.
    internal const int LongestPiece = 512;

    private readonly Components _parts;
    private readonly ITokenModel _model;
    private readonly AddedTokenMatcher _userDefined;

    internal SentencePieceTokenizer(Components parts)
    {
        _parts = parts;
        int[]? bytes = null;
        for (int id = 0; id < parts.Pieces.Count; id++)
        {
            (string text, _, PieceKind kind) = parts.Pieces[id];
            if (kind != PieceKind.Byte) continue;
            if (bytes is null) Array.Fill(bytes = new int[256], -1);
            int value = TokenDecoder.ByteOf(text);
            if (value < 0) throw new FlextronException($"{parts.File}: the byte piece {id} is spelled {text}, not as <0x00> to <0xFF>.");
            bytes[value] = id;
        }
        // A unigram model weighs them among its other pieces.
        _userDefined = new AddedTokenMatcher(parts.Unigram ? [] : Of(PieceKind.UserDefined).Select(p => (p.Text, new AddedToken(p.Id, p.Text, false, false, false, false, false))));
        _model = parts.Unigram ? Unigram(bytes) : BytePair(bytes);
    }

    /// <summary>What it was made of.</summary>
    internal Components Parts => _parts;

    /// <inheritdoc/>
    public override string Kind => _parts.Unigram ? "SentencePiece unigram" : "SentencePiece BPE";

    /// <inheritdoc/>
    public override int VocabularySize => _parts.Pieces.Count;

    /// <inheritdoc/>
    public override int? BosId => _parts.BosId;

    /// <inheritdoc/>
    public override int? EosId => _parts.EosId;

    /// <inheritdoc/>
    public override bool AddsBos => _parts.AddsBos;

    /// <inheritdoc/>
    public override int[] Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length / 3 + 8);
        if (addSpecialTokens && AddsBos) ids.Add(BosId!.Value);
        if (text.Length == 0) return [.. ids];
        string spelled = _parts.Normalizer.Apply(TextEncoding.WithoutLoneSurrogates(text));
        _userDefined.Split(spelled, (token, start, length) =>
        {
            if (token is null) _model.Encode(spelled.AsSpan(start, length), ids);
            else ids.Add(token.Id);
        });
        return [.. ids];
    }

    /// <inheritdoc/>
    public override string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var bytes = new List<byte>();
        bool strip = _parts.StripsAtStart && _parts.Normalizer.LeadingSpaceIsOurs;
        foreach (int id in ids)
        {
            string text = TokenText(id);
            PieceKind kind = _parts.Pieces[id].Kind;
            if (kind == PieceKind.Control)
            {
                // An unknown piece stood for something, so what follows it is not the beginning.
                strip &= id != _parts.UnknownId;
                strip |= id == BosId && !_parts.StripsAtStart && _parts.Normalizer.LeadingSpaceIsOurs;
                continue;
            }
            if (kind == PieceKind.Byte)
            {
                bytes.Add((byte)TokenDecoder.ByteOf(text));
            }
            else
            {
                string spelled = text.Replace(_parts.Space, ' ');
                bytes.AddRange(Encoding.UTF8.GetBytes(strip && spelled.StartsWith(' ') ? spelled[1..] : spelled));
            }
            // Where white space is removed, so is all that decoding begins with.
            strip &= _parts.Normalizer.RemovesSpaces && bytes.Count == 0;
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <inheritdoc/>
    public override string TokenText(int id) => (uint)id < (uint)VocabularySize
        ? _parts.Pieces[id].Text
        : throw TextEncoding.OutsideVocabulary(id, VocabularySize, _parts.File);

    private IEnumerable<(string Text, int Id, float Score)> Of(PieceKind kind) =>
        _parts.Pieces.Select((piece, id) => (piece, id)).Where(p => p.piece.Kind == kind).Select(p => (p.piece.Text, p.id, p.piece.Score));

    private BpeModel BytePair(int[]? bytes)
    {
        var ids = new Dictionary<string, int>();
        foreach ((string text, int id, _) in Of(PieceKind.Normal)) ids.TryAdd(text, id);
        return new BpeModel(new BpeDefinition
        {
            Tokens = [.. _parts.Pieces.Select(p => p.Text)],
            Ids = ids,
            Merges = MergesByScore(ids, _parts.Pieces),
            FallbackBytes = bytes,
            UnknownId = _parts.UnknownId,
            FuseUnknown = true,
        });
    }

    // A user-defined piece wins over any way of cutting it; an unknown character is ten less likely than the least likely piece.
    private UnigramModel Unigram(int[]? bytes)
    {
        float[] scores = [.. Of(PieceKind.Normal).Select(p => p.Score)];
        float least = scores.Length == 0 ? 0 : scores.Min(), best = scores.Length == 0 ? 0 : scores.Max();
        return new UnigramModel(new UnigramDefinition
        {
            Pieces =
            [
                .. Of(PieceKind.Normal).Select(p => (p.Text, p.Id, (double)p.Score)),
                .. Of(PieceKind.UserDefined).Select(p => (p.Text, p.Id, Encoding.UTF8.GetByteCount(p.Text) * best - 0.1)),
            ],
            UnknownScore = least - 10f,
            UnknownId = _parts.UnknownId,
            FallbackBytes = bytes,
            SinglePrecision = true,
        });
    }

    /// <summary>The merges that follow from scores; equal ranks stand for equal scores.</summary>
    internal static List<(int Left, int Right, int Merged, int Rank)> MergesByScore(Dictionary<string, int> ids, IReadOnlyList<Piece> pieces)
    {
        // Equal scores share a rank, so that they merge from the left.
        float[] scores = [.. ids.Values.Select(id => pieces[id].Score).Distinct().OrderDescending()];
        Dictionary<float, int> ranks = scores.Select((score, rank) => (score, rank)).ToDictionary(p => p.score, p => p.rank);
        var merges = new List<(int, int, int, int)>();
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> bySpan = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach ((string text, int id) in ids)
        {
            for (int cut = 1; cut < text.Length; cut++)
            {
                if (char.IsLowSurrogate(text[cut])) continue;
                if (bySpan.TryGetValue(text.AsSpan(0, cut), out int left) && bySpan.TryGetValue(text.AsSpan(cut), out int right))
                    merges.Add((left, right, id, ranks[pieces[id].Score]));
            }
        }
        return merges;
    }
}
