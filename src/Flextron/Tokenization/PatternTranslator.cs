using System.Buffers;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>
/// Rewrites a regular expression from Oniguruma's dialect (Ruby's syntax, which tokenizer files are written in) to .NET's. What the dialects share
/// is passed on, <c>\w</c> is spelled out, possessive quantifiers become atomic groups, classes within classes are joined; the rest is refused.
/// </summary>
internal sealed class PatternTranslator
{
    /// <summary>Alphabetic, marks, decimal digits and connecting punctuation, as the inside of a class; the circled letters are alphabetic symbols.</summary>
    internal const string WordClass = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u24B6-\u24E9";

    // Outside a class Oniguruma's \w also takes the superscript digits and fractions of Latin-1.
    private const string LoneWordClass = WordClass + @"\u00B2\u00B3\u00B9\u00BC-\u00BE";

    private static readonly SearchValues<char> s_counts = SearchValues.Create("0123456789,");

    private readonly string _pattern;
    private readonly StringBuilder _result = new();
    private readonly Stack<(int Start, bool IgnoresCase)> _groups = new();
    private int _at, _atom;
    private bool _ignoresCase;

    private PatternTranslator(string pattern) => _pattern = pattern;

    /// <summary>The expression in .NET's dialect.</summary>
    /// <exception cref="NotSupportedException">It uses something that .NET's engine does not have.</exception>
    public static string Translate(string pattern) => new PatternTranslator(pattern).Run();

    private string Run()
    {
        if (_pattern.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0) throw new NotSupportedException("it names characters beyond U+FFFF");
        while (_at < _pattern.Length)
        {
            switch (_pattern[_at])
            {
                case '?' or '*' or '+' or '{':
                    Quantifier();
                    break;
                case '[':
                    _atom = _result.Length;
                    Class(nested: false);
                    break;
                case '(':
                    _groups.Push((_result.Length, _ignoresCase));
                    Group();
                    break;
                case ')':
                    if (!_groups.TryPop(out (int Start, bool IgnoresCase) group)) throw new NotSupportedException("it closes a group that is not open");
                    (_atom, _ignoresCase) = group;
                    Take(1);
                    break;
                case '\\':
                    _atom = _result.Length;
                    Escape(inClass: false);
                    break;
                case 's' or 'S' when _ignoresCase:
                    _atom = _result.Length;
                    _result.Append("[sſ]");
                    _at++;
                    break;
                default:
                    _atom = _result.Length;
                    Take(1);
                    break;
            }
        }
        return _result.ToString();
    }

    private void Quantifier()
    {
        int length = 1;
        if (_pattern[_at] == '{')
        {
            int close = _pattern.IndexOf('}', _at);
            bool counts = close > _at + 1 && _pattern.AsSpan(_at + 1, close - _at - 1).IndexOfAnyExcept(s_counts) < 0;
            if (!counts)
            {
                // A brace of its own.
                _atom = _result.Length;
                Take(1);
                return;
            }
            length = close - _at + 1;
        }
        bool braces = length > 1;
        Take(length);
        if (_at >= _pattern.Length) return;
        if (_pattern[_at] == '?') Take(1);
        else if (_pattern[_at] == '+')
        {
            // After a count a plus repeats the whole; after another quantifier it forbids giving back.
            _result.Insert(_atom, braces ? "(?:" : "(?>").Append(braces ? ")+" : ")");
            _at++;
        }
    }

    private void Group()
    {
        ReadOnlySpan<char> rest = _pattern.AsSpan(_at);
        if (!rest.StartsWith("(?") || rest.Length < 3 || rest[2] is ':' or '=' or '!' or '>')
        {
            Take(Math.Min(rest.Length, rest.StartsWith("(?") ? 3 : 1));
            return;
        }
        if (rest.StartsWith("(?<=") || rest.StartsWith("(?<!")) Take(4);
        else if (rest.StartsWith("(?i:"))
        {
            _ignoresCase = true;
            Take(4);
        }
        // At the very beginning it holds for the whole expression in both dialects.
        else if (_at == 0 && rest.StartsWith("(?i)"))
        {
            _ignoresCase = true;
            _groups.Clear();
            Take(4);
        }
        else throw new NotSupportedException("it uses names or inline options other than (?i:…)");
    }

    private void Class(bool nested)
    {
        if (_pattern.AsSpan(_at).StartsWith("[:")) throw new NotSupportedException("it uses named classes such as [:alpha:]");
        if (!nested) Take(1);
        else _at++;
        if (_at < _pattern.Length && _pattern[_at] == '^')
        {
            if (nested) throw new NotSupportedException("it uses negated classes within classes");
            Take(1);
        }
        if (_at < _pattern.Length && _pattern[_at] == ']') throw new NotSupportedException("it has an empty class");
        int inside = _at;
        while (_at < _pattern.Length && _pattern[_at] != ']')
        {
            ReadOnlySpan<char> rest = _pattern.AsSpan(_at);
            if (rest.StartsWith("&&")) throw new NotSupportedException("it intersects classes");
            // .NET would take "-[" for a subtraction.
            if (rest.StartsWith("-[")) throw new NotSupportedException("it has a range that ends in a class");
            if (rest[0] == '[') Class(nested: true);
            else if (rest[0] == '\\') Escape(inClass: true);
            else Take(1);
        }
        if (_at >= _pattern.Length) throw new NotSupportedException("it leaves a class open");
        if (_ignoresCase && HasS(_pattern.AsSpan(inside, _at - inside))) _result.Append('ſ');
        if (!nested) Take(1);
        else _at++;
    }

    // The one letter of ASCII with a third form that .NET does not count: ſ is an s. (K has its sign for kelvin in both.)
    private static bool HasS(ReadOnlySpan<char> inside)
    {
        if (inside.IndexOfAny('s', 'S') >= 0) return true;
        for (int i = 1; i + 1 < inside.Length; i++)
            if (inside[i] == '-' && ((inside[i - 1] <= 's' && inside[i + 1] >= 's') || (inside[i - 1] <= 'S' && inside[i + 1] >= 'S'))) return true;
        return false;
    }

    private void Escape(bool inClass)
    {
        if (_at + 1 >= _pattern.Length) throw new NotSupportedException("it ends in a backslash");
        char escaped = _pattern[_at + 1];
        if (escaped == 'w') Replace(inClass ? WordClass : $"[{LoneWordClass}]");
        else if (escaped == 'W' && !inClass) Replace($"[^{LoneWordClass}]");
        else if ("WbBGKRXhHyYkgQEC".Contains(escaped, StringComparison.Ordinal)) throw new NotSupportedException($"it uses \\{escaped}");
        // The braces of a property belong to it.
        else if (escaped is 'p' or 'P' && _pattern.IndexOf('}', _at) is > 0 and int close) Take(close - _at + 1);
        else Take(2);
    }

    private void Replace(string text)
    {
        _result.Append(text);
        _at += 2;
    }

    private void Take(int count)
    {
        _result.Append(_pattern, _at, count);
        _at += count;
    }
}
