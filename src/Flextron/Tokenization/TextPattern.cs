using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Flextron.Tokenization;

/// <summary>
/// Runs the regular expressions of tokenizer files (Oniguruma's dialect, code points) on .NET's engine (UTF-16 units). What the dialects
/// share is passed on, <c>\w</c> is spelled out, the rest is refused; characters beyond U+FFFF are shown to the engine as a BMP character
/// of the same general category, so that <c>\p{L}</c> sees 𠀀 as one letter.
/// </summary>
internal sealed class TextPattern
{
    /// <summary>Alphabetic, marks, decimal digits and connecting punctuation, as the inside of a class; the circled letters are alphabetic symbols.</summary>
    internal const string Alphanumeric = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u24B6-\u24E9";

    // Oniguruma's \w also takes the superscript digits and fractions of Latin-1.
    private const string WordClass = Alphanumeric + @"\u00B2\u00B3\u00B9\u00BC-\u00BE";
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);
    private static readonly char[] s_standIns = MakeStandIns();

    private readonly Regex _regex;
    private readonly string _file;

    private TextPattern(Regex regex, string file)
    {
        _regex = regex;
        _file = file;
    }

    /// <summary>A pattern that is plain text.</summary>
    public static TextPattern Literal(string text, string file) =>
        new(new Regex(Regex.Escape(text), RegexOptions.CultureInvariant, s_timeout), file);

    /// <summary>A regular expression.</summary>
    /// <exception cref="FlextronException">It uses something that the engines do not share.</exception>
    public static TextPattern Regular(string pattern, string file)
    {
        try
        {
            return new TextPattern(new Regex(Translate(pattern),
                RegexOptions.Compiled | RegexOptions.CultureInvariant | RegexOptions.Multiline, s_timeout), file);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new FlextronException($"{file}: the regular expression {pattern} is not supported ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}).", e);
        }
    }

    /// <summary>The matches of one or more characters, in order, as (start, length) relative to the span.</summary>
    public void Matches(ReadOnlySpan<char> text, List<(int Start, int Length)> matches)
    {
        matches.Clear();
        try
        {
            int[]? map = null;
            if (text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0) text = Flatten(text, out map);
            foreach (ValueMatch match in _regex.EnumerateMatches(text))
            {
                if (match.Length == 0) continue;
                int start = map is null ? match.Index : map[match.Index], end = map is null ? start + match.Length : map[match.Index + match.Length];
                matches.Add((start, end - start));
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new FlextronException($"{_file}: the regular expression {_regex} takes too long on this text; split the text or use another tokenizer.", e);
        }
    }

    /// <summary>Replaces every match.</summary>
    public string Replace(string text, string content)
    {
        var matches = new List<(int Start, int Length)>();
        Matches(text, matches);
        if (matches.Count == 0) return text;
        var result = new StringBuilder();
        int done = 0;
        foreach ((int start, int length) in matches)
        {
            result.Append(text, done, start - done).Append(content);
            done = start + length;
        }
        return result.Append(text, done, text.Length - done).ToString();
    }

    /// <summary>Whether a code point beyond U+FFFF is a symbol that counts as a letter.</summary>
    internal static bool IsEnclosedLetter(int point) => point is (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    private static string Flatten(ReadOnlySpan<char> text, out int[] map)
    {
        var flat = new char[text.Length];
        map = new int[text.Length + 1];
        int count = 0;
        for (int at = 0; at < text.Length; count++)
        {
            map[count] = at;
            Rune.DecodeFromUtf16(text[at..], out Rune rune, out int used);
            flat[count] = rune.IsBmp ? text[at] : IsEnclosedLetter(rune.Value) ? '\u24B6' : s_standIns[(int)Rune.GetUnicodeCategory(rune)];
            at += used;
        }
        map[count] = text.Length;
        return new string(flat, 0, count);
    }

    private static string Translate(string pattern)
    {
        var result = new StringBuilder();
        bool inClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (char.IsSurrogate(c)) throw new NotSupportedException("it names characters beyond U+FFFF");
            if (c == '\\' && i + 1 < pattern.Length)
            {
                char escaped = pattern[++i];
                if (escaped == 'w') result.Append(inClass ? WordClass : $"[{WordClass}]");
                else if (escaped == 'W' && !inClass) result.Append($"[^{WordClass}]");
                else if ("WbBGKRXhHyYkgQEC".Contains(escaped, StringComparison.Ordinal)) throw new NotSupportedException($"it uses \\{escaped}");
                else result.Append(c).Append(escaped);
                continue;
            }
            if (inClass && (c == '[' || (c == '&' && i + 1 < pattern.Length && pattern[i + 1] == '&')))
                throw new NotSupportedException("it uses classes within classes");
            // "-[" inside a class is subtraction in .NET, but a class within a class is refused above, so it cannot occur.
            if (!inClass && c == '[')
            {
                inClass = true;
                result.Append(c);
                if (i + 1 < pattern.Length && pattern[i + 1] == '^') result.Append(pattern[++i]);
                if (i + 1 < pattern.Length && pattern[i + 1] == ']') throw new NotSupportedException("it has an empty class");
                continue;
            }
            if (inClass && c == ']') inClass = false;
            if (!inClass && c == '(' && pattern.AsSpan(i).StartsWith("(?") && i + 2 < pattern.Length && !":=!<>".Contains(pattern[i + 2], StringComparison.Ordinal)
                && !pattern.AsSpan(i).StartsWith("(?i:"))
                throw new NotSupportedException("it uses inline options other than (?i:…)");
            result.Append(c);
        }
        return result.ToString();
    }

    private static char[] MakeStandIns()
    {
        // For each category its last BMP character without a case partner in ASCII: unlikely to be named by a pattern, and the same every time.
        var standIns = new char[30];
        for (int c = 0x0100; c < 0xFFFE; c++)
            if (!char.IsSurrogate((char)c) && c is not (0x017F or 0x0130 or 0x0131 or 0x212A) && !(c is >= 0x2028 and <= 0x202F))
                standIns[(int)CharUnicodeInfo.GetUnicodeCategory((char)c)] = (char)c;
        return standIns;
    }
}
