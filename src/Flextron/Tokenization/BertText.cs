using System.Globalization;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>The steps of BERT's own text normalization (Devlin et al. 2018), as <c>BertNormalizer</c> has them.</summary>
internal static class BertText
{
    /// <summary>Drops control characters and U+FFFD, and makes every white space a space.</summary>
    public static string Clean(string text) => Map(text, (rune, result) =>
    {
        bool breaks = rune.Value is '\t' or '\n' or '\r';
        if (!breaks && (rune.Value is 0 or 0xFFFD || IsOther(rune))) return;
        result.Append(breaks || Rune.IsWhiteSpace(rune) ? " " : rune.ToString());
    });

    /// <summary>Puts spaces around every Chinese character, so that each becomes a word.</summary>
    public static string SpaceChinese(string text) => Map(text, (rune, result) =>
    {
        bool chinese = rune.Value is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
            or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
        if (chinese) result.Append(' ').Append(rune.ToString()).Append(' ');
        else result.Append(rune.ToString());
    });

    /// <summary>Takes the accents off.</summary>
    public static string StripAccents(string text) => Map(UnicodeNormalizer.Normalize(text, NormalizationForm.FormD), (rune, result) =>
    {
        if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark) result.Append(rune.ToString());
    });

    private static bool IsOther(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    private static string Map(string text, Action<Rune, StringBuilder> map)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) map(rune, result);
        return result.ToString();
    }
}
