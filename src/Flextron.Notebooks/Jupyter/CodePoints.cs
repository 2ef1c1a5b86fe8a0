namespace Flextron.Notebooks.Jupyter;

/// <summary>Jupyter counts characters of a text as Unicode code points, .NET as UTF-16 units.</summary>
internal static class CodePoints
{
    /// <summary>The UTF-16 index of a place.</summary>
    public static int ToIndex(string text, int codePoints)
    {
        int index = 0;
        for (int i = 0; i < codePoints && index < text.Length; i++) index += IsPair(text, index) ? 2 : 1;
        return index;
    }

    /// <summary>The place of a UTF-16 index.</summary>
    public static int FromIndex(string text, int index)
    {
        int count = 0;
        for (int i = 0; i < Math.Min(index, text.Length); i++, count++)
        {
            if (IsPair(text, i)) i++;
        }
        return count;
    }

    private static bool IsPair(string text, int index) => char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]);
}
