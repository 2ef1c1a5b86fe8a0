using System.Text;

namespace Flextron.Evaluation.Tasks;

/// <summary>Python's string functions where .NET's differ, since the prompts are defined by Python code.</summary>
internal static class PythonText
{
    /// <summary><c>str.strip()</c>.</summary>
    public static string Trim(string text)
    {
        string end = TrimEnd(text);
        int start = 0;
        while (start < end.Length && IsSpace(end[start])) start++;
        return end[start..];
    }

    /// <summary><c>str.rstrip()</c>.</summary>
    public static string TrimEnd(string text)
    {
        int end = text.Length;
        while (end > 0 && IsSpace(text[end - 1])) end--;
        return text[..end];
    }

    /// <summary><c>str.capitalize()</c>: the first character upper case, all others lower.</summary>
    public static string Capitalize(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            result.Append(result.Length == 0 ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune));
        return result.ToString();
    }

    /// <summary><c>len(str)</c>: Unicode code points.</summary>
    public static int Length(string text)
    {
        int count = 0;
        foreach (Rune _ in text.EnumerateRunes()) count++;
        return count;
    }

    // Python also strips the four separators U+001C to U+001F.
    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';
}
