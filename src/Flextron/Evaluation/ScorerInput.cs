namespace Flextron.Evaluation;

/// <summary>
/// What the model reads for one request: the last <c>maxLength + 1</c> tokens of context + continuation, minus the final one, as a view on the
/// request's two arrays.
/// </summary>
internal readonly struct ScorerInput : IComparable<ScorerInput>
{
    private readonly int[] _context;
    private readonly int[] _continuation;
    private readonly int _skip;

    public ScorerInput(ContinuationTokens tokens, int maxLength, int request)
    {
        _context = tokens.Context;
        _continuation = tokens.Continuation;
        int whole = _context.Length + _continuation.Length - 1;
        Length = Math.Min(whole, maxLength);
        _skip = whole - Length;
        Scored = Math.Min(_continuation.Length, Length);
        Request = request;
    }

    /// <summary>Index of the request.</summary>
    public int Request { get; }

    /// <summary>Number of input tokens.</summary>
    public int Length { get; }

    /// <summary>Number of positions, the last ones of the input, whose next token is scored.</summary>
    public int Scored { get; }

    /// <summary>The k-th scored token.</summary>
    public int Target(int k) => _continuation[_continuation.Length - Scored + k];

    /// <summary>Writes the input ids.</summary>
    public void CopyTo(Span<long> ids)
    {
        for (int i = 0; i < Length; i++)
        {
            int j = i + _skip;
            ids[i] = j < _context.Length ? _context[j] : _continuation[j - _context.Length];
        }
    }

    /// <summary>Whether this input is the beginning of, or the same as, another: by causality the other's logits then serve both.</summary>
    public bool IsPrefixOf(in ScorerInput other) => Length <= other.Length && CommonPrefix(other) >= Length;

    /// <summary>Lexicographic order of the ids; a prefix comes directly before what it begins. Equal inputs in order of request.</summary>
    public int CompareTo(ScorerInput other)
    {
        int common = CommonPrefix(other);
        if (common < Length && common < other.Length) return this[common].CompareTo(other[common]);
        int byLength = Length.CompareTo(other.Length);
        return byLength != 0 ? byLength : Request.CompareTo(other.Request);
    }

    private int this[int i] => i + _skip < _context.Length ? _context[i + _skip] : _continuation[i + _skip - _context.Length];

    private int CommonPrefix(in ScorerInput other)
    {
        int end = Math.Min(Length, other.Length), i = 0;
        ReadOnlySpan<int> mine = Head(end), theirs = other.Head(end);
        if (mine.Length > 0 && theirs.Length > 0) i = mine.CommonPrefixLength(theirs);
        while (i < end && this[i] == other[i]) i++;
        return i;
    }

    // The part of the first `count` input tokens that lies in the context array.
    private ReadOnlySpan<int> Head(int count) =>
        _skip >= _context.Length ? [] : _context.AsSpan(_skip, Math.Min(count, _context.Length - _skip));
}
