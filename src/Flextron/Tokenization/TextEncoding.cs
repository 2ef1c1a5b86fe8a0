using System.Text;

namespace Flextron.Tokenization;

/// <summary>What the tokenizers share about text and ids.</summary>
internal static class TextEncoding
{
    /// <summary>UTF-8 that refuses invalid bytes instead of replacing them.</summary>
    public static UTF8Encoding Strict { get; } = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text with each half of a broken surrogate pair replaced by U+FFFD, as an UTF-8 encoder would.</summary>
    public static string WithoutLoneSurrogates(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0) return text;
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) result.Append(rune.ToString());
        return result.ToString();
    }

    /// <summary>The error of an id that is no token.</summary>
    public static FlextronException OutsideVocabulary(int id, int size, string file) =>
        new($"Token id {id} is outside the vocabulary of {file}, which has ids 0 to {size - 1}: check that model and tokenizer belong together.");
}
