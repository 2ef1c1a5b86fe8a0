namespace Flextron.Workbench.Figures;

/// <summary>Estimates how wide text is in the Helvetica-like fonts that figures ask for, so that nothing overlaps or is cut.</summary>
internal static class TextMetrics
{
    // Fallback fonts run wider than Helvetica, in bold even more so.
    private const double Safety = 1.14, Bold = 1.14;

    /// <summary>Width in pixels.</summary>
    public static double Width(string text, double fontSize, bool bold = false) => text.Sum(Em) * fontSize * Safety * (bold ? Bold : 1);

    /// <summary>Breaks text at spaces so that no line is wider than asked; a longer word is cut.</summary>
    public static IReadOnlyList<string> Wrap(string text, double fontSize, double width, bool bold = false)
    {
        var lines = new List<string>();
        string line = "";
        foreach (string word in text.Split((char[])[' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            string longer = line.Length == 0 ? word : $"{line} {word}";
            if (line.Length > 0 && Width(longer, fontSize, bold) > width)
            {
                lines.Add(line);
                longer = word;
            }
            line = Shorten(longer, fontSize, width, bold);
        }
        if (line.Length > 0) lines.Add(line);
        return lines;
    }

    /// <summary>The text, or its beginning with an ellipsis where it is wider than asked.</summary>
    public static string Shorten(string text, double fontSize, double width, bool bold = false)
    {
        if (Width(text, fontSize, bold) <= width) return text;
        int keep = text.Length - 1;
        while (keep > 0 && Width(text[..keep] + "…", fontSize, bold) > width) keep--;
        if (keep > 0 && char.IsHighSurrogate(text[keep - 1])) keep--;
        return text[..keep] + "…";
    }

    private static double Em(char c) => c switch
    {
        'i' or 'j' or 'l' or '\'' or '|' => 0.24,
        'f' or 't' or 'I' or '.' or ',' or ':' or ';' or '!' or '/' or '\\' or ' ' or '[' or ']' or '·' => 0.28,
        'r' or '-' or '(' or ')' or '`' or '"' or '°' => 0.34,
        'c' or 'k' or 's' or 'v' or 'x' or 'y' or 'z' or 'J' => 0.5,
        'A' or 'B' or 'E' or 'K' or 'P' or 'S' or 'V' or 'X' or 'Y' or '&' => 0.667,
        'C' or 'D' or 'H' or 'N' or 'R' or 'U' or 'w' => 0.722,
        'G' or 'O' or 'Q' => 0.778,
        'm' or 'M' or '%' => 0.86,
        'W' or '@' or '—' or '…' => 1,
        '⁰' or '¹' or '²' or '³' or '⁴' or '⁵' or '⁶' or '⁷' or '⁸' or '⁹' or '⁻' => 0.36,
        >= '\u2E80' => 1,
        _ => 0.57,
    };
}
