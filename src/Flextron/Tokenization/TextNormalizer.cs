using System.Globalization;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>The <c>normalizer</c> of a tokenizer.json: text to text, step by step.</summary>
internal sealed class TextNormalizer
{
    private readonly Func<string, string>[] _steps;

    private TextNormalizer(IEnumerable<Func<string, string>> steps) => _steps = [.. steps];

    /// <summary>Reads the part; null stands for no normalizer.</summary>
    public static TextNormalizer Read(JsonPart? part)
    {
        var steps = new List<Func<string, string>>();
        if (part is { } present) Add(present, steps);
        return new TextNormalizer(steps);
    }

    /// <summary>Applies all steps.</summary>
    public string Apply(string text)
    {
        foreach (Func<string, string> step in _steps) text = step(text);
        return text;
    }

    private static void Add(JsonPart part, List<Func<string, string>> steps)
    {
        string type = part.Get("type").Text();
        switch (type)
        {
            case "Sequence":
                foreach (JsonPart inner in part.Get("normalizers").Items()) Add(inner, steps);
                break;
            case "Prepend":
                string prefix = part.Get("prepend").Text();
                steps.Add(text => text.Length == 0 ? text : prefix + text);
                break;
            case "Replace":
                steps.Add(TextReplacement.Read(part));
                break;
            case "NFC":
                steps.Add(text => UnicodeNormalizer.Normalize(text, NormalizationForm.FormC));
                break;
            case "NFD":
                steps.Add(text => UnicodeNormalizer.Normalize(text, NormalizationForm.FormD));
                break;
            case "NFKC":
                steps.Add(text => UnicodeNormalizer.Normalize(text, NormalizationForm.FormKC));
                break;
            case "NFKD":
                steps.Add(text => UnicodeNormalizer.Normalize(text, NormalizationForm.FormKD));
                break;
            case "Lowercase":
                steps.Add(Lower);
                break;
            case "Strip":
                bool left = part.Flag("strip_left", true), right = part.Flag("strip_right", true);
                steps.Add(text => left ? right ? text.Trim() : text.TrimStart() : right ? text.TrimEnd() : text);
                break;
            case "StripAccents":
                steps.Add(StripMarks);
                break;
            case "Nmt":
                steps.Add(CleanForTranslation);
                break;
            case "BertNormalizer":
                AddBert(part, steps);
                break;
            case "Precompiled":
                JsonPart rules = part.Get("precompiled_charsmap");
                byte[] bytes = rules.Element.TryGetBytesFromBase64(out byte[]? read) ? read : throw rules.Bad("is not base64");
                CharacterMap map = CharacterMap.Read(bytes) ?? throw rules.Bad("is not a character map");
                steps.Add(map.ReplaceGraphemes);
                break;
            case "ByteLevel":
                steps.Add(text => ByteLevelAlphabet.Spell(text));
                break;
            default:
                throw part.Unsupported($"the normalizer {type}");
        }
    }

    private static void AddBert(JsonPart part, List<Func<string, string>> steps)
    {
        bool lower = part.Flag("lowercase", true);
        if (part.Flag("clean_text", true)) steps.Add(BertText.Clean);
        if (part.Flag("handle_chinese_chars", true)) steps.Add(BertText.SpaceChinese);
        if (part.Flag("strip_accents", lower)) steps.Add(BertText.StripAccents);
        if (lower) steps.Add(Lower);
    }

    // The one letter whose lower case is two characters.
    private static string Lower(string text) => text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();

    // What SentencePiece's rules for machine translation (nmt) do beside NFKC.
    private static string CleanForTranslation(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (c is (>= '\u0001' and <= '\u0008') or '\u000B' or (>= '\u000E' and <= '\u001F') or '\u007F' or '\u008F' or '\u009F') continue;
            result.Append(c is '\u0009' or '\u000A' or '\u000C' or '\u000D' or '\u1680' or (>= '\u200B' and <= '\u200F') or '\u2028' or '\u2029' or '\u2581' or '\uFEFF' or '\uFFFD' ? ' ' : c);
        }
        return result.ToString();
    }

    private static string StripMarks(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            if (Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark))
                result.Append(rune.ToString());
        return result.ToString();
    }
}
