using System.Text;

namespace Flextron.Tokenization;

/// <summary>
/// The printable stand-ins that byte-level vocabularies (GPT-2) use for the 256 bytes: printable Latin-1 characters stand for
/// themselves, the others for U+0100 onwards in byte order.
/// </summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] s_characters = MakeCharacters();
    private static readonly short[] s_bytes = MakeBytes();

    /// <summary>The stand-in of a byte.</summary>
    public static char OfByte(byte value) => s_characters[value];

    /// <summary>The byte that a character stands for, or -1.</summary>
    public static int ToByte(char character) => character < s_bytes.Length ? s_bytes[character] : -1;

    /// <summary>A text's UTF-8 bytes, spelled in the alphabet.</summary>
    public static string Spell(ReadOnlySpan<char> text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        int count = Encoding.UTF8.GetBytes(text, bytes);
        return string.Create(count, bytes, (target, source) =>
        {
            for (int i = 0; i < target.Length; i++) target[i] = s_characters[source[i]];
        });
    }

    private static char[] MakeCharacters()
    {
        var characters = new char[256];
        int spare = 256;
        for (int b = 0; b < 256; b++)
            characters[b] = b is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : (char)spare++;
        return characters;
    }

    private static short[] MakeBytes()
    {
        var bytes = new short[s_characters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int b = 0; b < 256; b++) bytes[s_characters[b]] = (short)b;
        return bytes;
    }
}
