namespace Flextron.Evaluation.Scoring;

/// <summary>
/// What the model reads for one request: the last <c>maxLength + 1</c> tokens of context + continuation, minus the final one, as a view on the
/// request's two arrays.
/// </summary>
internal readonly struct ScorerInput : IComparable<ScorerInput>
{
    private readonly int[] context;
    private readonly int[] continuation;
    private readonly int skip;

    public ScorerInput(ContinuationTokens tokens, int maxLength, int request)
    {
        context = tokens.Context;
        continuation = tokens.Continuation;
        int whole = context.Length + continuation.Length - 1;
        Length = Math.Min(whole, maxLength);
        skip = whole - Length;
        Scored = Math.Min(continuation.Length, Length);
        Request = request;
    }

    /// <summary>Index of the request.</summary>
    public int Request { get; }

    /// <summary>Number of input tokens.</summary>
    public int Length { get; }

    /// <summary>Number of positions, the last ones of the input, whose next token is scored.</summary>
    public int Scored { get; }

    /// <summary>The i-th input token.</summary>
    public int this[int i] => i + skip < context.Length ? context[i + skip] : continuation[i + skip - context.Length];

    /// <summary>The k-th scored token.</summary>
    public int Target(int k) => continuation[continuation.Length - Scored + k];

    /// <summary>Lexicographic order of the ids; a prefix comes directly before what it begins. Equal inputs in order of request.</summary>
    public int CompareTo(ScorerInput other)
    {
        int common = CommonPrefix(other);
        if (common < Length && common < other.Length) return this[common].CompareTo(other[common]);
        int byLength = Length.CompareTo(other.Length);
        return byLength != 0 ? byLength : Request.CompareTo(other.Request);
    }

    /// <summary>How many first tokens two inputs share.</summary>
    public int CommonPrefix(in ScorerInput other)
    {
        int end = Math.Min(Length, other.Length), i = 0;
        ReadOnlySpan<int> mine = Head(end), theirs = other.Head(end);
        if (mine.Length > 0 && theirs.Length > 0) i = mine.CommonPrefixLength(theirs);
        while (i < end && this[i] == other[i]) i++;
        return i;
    }

    // The part of the first `count` input tokens that lies in the context array.
    private ReadOnlySpan<int> Head(int count) =>
        skip >= context.Length ? [] : context.AsSpan(skip, Math.Min(count, context.Length - skip));
}
