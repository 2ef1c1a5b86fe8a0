namespace Flextron.Tokenization;

/// <summary>A tokenizer described by a Hugging Face <c>tokenizer.json</c>: added tokens, normalizer, pre-tokenizer, model, template, decoder.</summary>
internal sealed class HuggingFaceTokenizer : Tokenizer
{
    /// <summary>The parts, as <see cref="HuggingFaceTokenizerReader"/> found them.</summary>
    internal sealed record Components
    {
        public required string File { get; init; }
        public required string?[] Tokens { get; init; }
        public required ITokenModel Model { get; init; }
        public required IReadOnlyList<AddedToken> AddedTokens { get; init; }
        public required TextNormalizer Normalizer { get; init; }
        public required PreTokenizer PreTokenizer { get; init; }
        public required TokenDecoder Decoder { get; init; }
        public required int[] Prefix { get; init; }
        public required int[] Suffix { get; init; }
        public required int? BosId { get; init; }
        public required int? EosId { get; init; }
    }

    private readonly Components _parts;
    private readonly AddedTokenMatcher _rawTokens, _normalizedTokens;
    private readonly HashSet<int> _special;

    internal HuggingFaceTokenizer(Components parts)
    {
        _parts = parts;
        _special = [.. parts.AddedTokens.Where(t => t.Special).Select(t => t.Id)];
        _rawTokens = new AddedTokenMatcher(parts.AddedTokens.Where(t => !t.Normalized).Select(t => (t.Content, t)));
        _normalizedTokens = new AddedTokenMatcher(parts.AddedTokens.Where(t => t.Normalized).Select(t => (parts.Normalizer.Apply(t.Content), t)));
    }

    /// <summary>The files to write for a tokenizer trained here, by name; null for one that was read.</summary>
    internal IReadOnlyDictionary<string, string>? OwnFiles { get; init; }

    /// <summary>What it was made of.</summary>
    internal Components Parts => _parts;

    /// <inheritdoc/>
    public override string Kind => _parts.Model switch
    {
        BpeModel => "BPE",
        UnigramModel => "unigram",
        WordPieceModel => "WordPiece",
        _ => "whole words",
    };

    /// <inheritdoc/>
    public override int VocabularySize => _parts.Tokens.Length;

    /// <inheritdoc/>
    public override int? BosId => _parts.BosId;

    /// <inheritdoc/>
    public override int? EosId => _parts.EosId;

    /// <inheritdoc/>
    public override bool AddsBos => BosId is { } bos && _parts.Prefix.Contains(bos);

    /// <inheritdoc/>
    public override int[] Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length / 3 + 8);
        if (addSpecialTokens) ids.AddRange(_parts.Prefix);
        var words = new List<Segment>();
        string clean = TextEncoding.WithoutLoneSurrogates(text);
        _rawTokens.Split(clean, (token, start, length) =>
        {
            if (token is not null)
            {
                ids.Add(token.Id);
                return;
            }
            string normalized = _parts.Normalizer.Apply(clean.Substring(start, length));
            _normalizedTokens.Split(normalized, (inner, innerStart, innerLength) =>
            {
                if (inner is not null)
                {
                    ids.Add(inner.Id);
                    return;
                }
                words.Clear();
                _parts.PreTokenizer.Split(normalized.Substring(innerStart, innerLength), start == 0 && innerStart == 0, words);
                foreach (Segment word in words) _parts.Model.Encode(word.Span, ids);
            });
        });
        if (addSpecialTokens) ids.AddRange(_parts.Suffix);
        return [.. ids];
    }

    /// <inheritdoc/>
    public override string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var tokens = new List<string>();
        foreach (int id in ids)
        {
            string text = TokenText(id);
            if (!_special.Contains(id) && text.Length > 0) tokens.Add(text);
        }
        return _parts.Decoder.Decode(tokens);
    }

    /// <inheritdoc/>
    public override string TokenText(int id) => (uint)id < (uint)VocabularySize
        ? _parts.Tokens[id] ?? ""
        : throw TextEncoding.OutsideVocabulary(id, VocabularySize, _parts.File);
}
