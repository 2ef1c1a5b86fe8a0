namespace Flextron.Data.Sources;

/// <summary>Where a text that is too long for one document is cut.</summary>
internal static class DocumentCut
{
    /// <summary>Characters of a document at most: some MB, so that a text without any boundary stays within memory.</summary>
    public const int Longest = 4_000_000;

    /// <summary>How much to take: up to the last line break or, failing that, space in the second half; else all, but no half of a surrogate pair.</summary>
    public static int At(ReadOnlySpan<char> text)
    {
        int half = text.Length / 2;
        int at = text[half..].LastIndexOf('\n');
        if (at < 0) at = text[half..].LastIndexOf(' ');
        if (at >= 0) return half + at + 1;
        return char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;
    }
}
