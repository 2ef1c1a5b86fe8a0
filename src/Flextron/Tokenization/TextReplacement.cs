namespace Flextron.Tokenization;

/// <summary>The <c>Replace</c> step that normalizers and decoders share: a plain text or a regular expression, replaced by plain text.</summary>
internal static class TextReplacement
{
    public static Func<string, string> Read(JsonPart part)
    {
        string content = part.Get("content").Text();
        JsonPart pattern = part.Get("pattern");
        if (pattern.Find("String") is { } literal)
        {
            string old = literal.Text();
            if (old.Length == 0) throw literal.Bad("is empty");
            return text => text.Replace(old, content, StringComparison.Ordinal);
        }
        TextPattern regex = TextPattern.Regular(pattern.Get("Regex").Text(), part.File);
        return text => regex.Replace(text, content);
    }
}
