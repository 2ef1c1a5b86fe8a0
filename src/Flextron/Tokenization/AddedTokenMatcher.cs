using System.Buffers;
using System.Globalization;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>A token that is found in the text itself, before the model sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="Special">Whether decoding leaves it out.</param>
/// <param name="LeftStrip">Whether it swallows white space on its left.</param>
/// <param name="RightStrip">Whether it swallows white space on its right.</param>
/// <param name="SingleWord">Whether it only counts where it is not part of a longer word.</param>
/// <param name="Normalized">Whether it is looked for in the normalized text, its own text being normalized too.</param>
internal sealed record AddedToken(int Id, string Content, bool Special, bool LeftStrip, bool RightStrip, bool SingleWord, bool Normalized);

/// <summary>Cuts a text at added tokens: the leftmost match, and of several there the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<string>? _search;
    private readonly Dictionary<char, (string Pattern, AddedToken Token)[]> _byFirst = [];

    /// <param name="patterns">What to look for, with the token that it stands for; empty patterns are ignored, and of equal ones the first counts.</param>
    public AddedTokenMatcher(IEnumerable<(string Pattern, AddedToken Token)> patterns)
    {
        (string Pattern, AddedToken Token)[] all = [.. patterns.Where(p => p.Pattern.Length > 0).DistinctBy(p => p.Pattern, StringComparer.Ordinal)];
        if (all.Length == 0) return;
        _search = SearchValues.Create([.. all.Select(p => p.Pattern)], StringComparison.Ordinal);
        foreach (IGrouping<char, (string Pattern, AddedToken Token)> group in all.GroupBy(p => p.Pattern[0]))
            _byFirst[group.Key] = [.. group.OrderByDescending(p => p.Pattern.Length)];
    }

    /// <summary>Calls back for each stretch in order: with a token, or with null for text in between (start, length).</summary>
    public void Split(string text, Action<AddedToken?, int, int> piece)
    {
        int done = 0, from = 0;
        while (_search is not null && from < text.Length)
        {
            int start = text.AsSpan(from).IndexOfAny(_search);
            if (start < 0) break;
            start += from;
            (string pattern, AddedToken token) = LongestAt(text, start);
            int stop = start + pattern.Length;
            from = stop;
            if (token.SingleWord && (IsWordBefore(text, start) || IsWordAfter(text, stop))) continue;
            if (token.LeftStrip)
                while (start > done && char.IsWhiteSpace(text[start - 1])) start--;
            if (token.RightStrip)
                while (stop < text.Length && char.IsWhiteSpace(text[stop])) stop++;
            if (start > done) piece(null, done, start - done);
            piece(token, start, stop - start);
            done = stop;
            from = Math.Max(from, stop);
        }
        if (done < text.Length) piece(null, done, text.Length - done);
    }

    private (string Pattern, AddedToken Token) LongestAt(string text, int start)
    {
        foreach ((string Pattern, AddedToken Token) candidate in _byFirst[text[start]])
            if (text.AsSpan(start).StartsWith(candidate.Pattern, StringComparison.Ordinal)) return candidate;
        throw new InvalidOperationException("The search found a pattern that is not there.");
    }

    private static bool IsWordBefore(string text, int at) =>
        at > 0 && Rune.DecodeLastFromUtf16(text.AsSpan(0, at), out Rune rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool IsWordAfter(string text, int at) =>
        at < text.Length && Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter
        or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.DecimalDigitNumber
        or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation
        || rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) || TextPattern.IsEnclosedLetter(rune.Value);
}
