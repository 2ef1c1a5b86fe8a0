using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Flextron.Tokenization;

/// <summary>
/// Runs the regular expressions of tokenizer files (Oniguruma's dialect, code points) on .NET's engine (UTF-16 units): see
/// <see cref="PatternTranslator"/>. Characters beyond U+FFFF are shown to the engine as a BMP character of the same general category, so
/// that <c>\p{L}</c> sees 𠀀 as one letter.
/// </summary>
internal sealed class TextPattern
{
    // Compiling one takes as long as encoding a hundred kilobytes, and models share a few patterns.
    private const int MostCompiled = 64;

    private static readonly ConcurrentDictionary<string, Regex> s_compiled = new(StringComparer.Ordinal);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);
    private static readonly char[] s_standIns = MakeStandIns();

    private readonly Regex _regex;
    private readonly string _file;
    private readonly bool _asksForWords;

    private TextPattern(Regex regex, string file, bool asksForWords)
    {
        (_regex, _file, _asksForWords) = (regex, file, asksForWords);
    }

    /// <summary>A pattern that is plain text.</summary>
    public static TextPattern Literal(string text, string file) =>
        new(new Regex(Regex.Escape(text), RegexOptions.CultureInvariant, s_timeout), file, asksForWords: false);

    /// <summary>A regular expression.</summary>
    /// <exception cref="FlextronException">It uses something that the engines do not share.</exception>
    public static TextPattern Regular(string pattern, string file)
    {
        try
        {
            if (!s_compiled.TryGetValue(pattern, out Regex? regex))
            {
                regex = new Regex(PatternTranslator.Translate(pattern), RegexOptions.Compiled | RegexOptions.CultureInvariant | RegexOptions.Multiline, s_timeout);
                if (s_compiled.Count < MostCompiled) s_compiled.TryAdd(pattern, regex);
            }
            return new TextPattern(regex, file, regex.ToString().Contains(PatternTranslator.WordClass, StringComparison.Ordinal));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new FlextronException($"{file}: the regular expression {pattern} is not supported ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}).", e);
        }
    }

    /// <summary>The matches in order, as (start, length) relative to the span; an empty one is a cut, and none follows another match directly.</summary>
    public void Matches(ReadOnlySpan<char> text, List<(int Start, int Length)> matches)
    {
        matches.Clear();
        try
        {
            int[]? map = null;
            int end = -1;
            if (text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0) text = Flatten(text, _asksForWords, out map);
            foreach (ValueMatch match in _regex.EnumerateMatches(text))
            {
                if (match.Length == 0 && match.Index == end) continue;
                end = match.Index + match.Length;
                int start = map is null ? match.Index : map[match.Index], stop = map is null ? end : map[end];
                matches.Add((start, stop - start));
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
            if (length == 0) continue;
            result.Append(text, done, start - done).Append(content);
            done = start + length;
        }
        return result.Append(text, done, text.Length - done).ToString();
    }

    /// <summary>Whether a code point beyond U+FFFF is a symbol that counts as a letter.</summary>
    internal static bool IsEnclosedLetter(int point) => point is (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    private static string Flatten(ReadOnlySpan<char> text, bool asksForWords, out int[] map)
    {
        var flat = new char[text.Length];
        map = new int[text.Length + 1];
        int count = 0;
        for (int at = 0; at < text.Length; count++)
        {
            map[count] = at;
            Rune.DecodeFromUtf16(text[at..], out Rune rune, out int used);
            flat[count] = rune.IsBmp ? text[at] : asksForWords && IsEnclosedLetter(rune.Value) ? '\u24B6' : s_standIns[(int)Rune.GetUnicodeCategory(rune)];
            at += used;
        }
        map[count] = text.Length;
        return new string(flat, 0, count);
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
