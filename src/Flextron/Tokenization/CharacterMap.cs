using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>
/// The compiled rules of a SentencePiece normalizer: a double-array tree of UTF-8 bytes (the layout of Darts-clone) whose leaves point into a list of
/// zero-terminated replacements. File: uint32 size of the tree in bytes, its uint32 units, the replacements; little-endian.
/// </summary>
internal sealed class CharacterMap
{
    private readonly uint[] _units;
    private readonly byte[] _replacements;
    private readonly bool[] _begins = new bool[256];

    private CharacterMap(uint[] units, byte[] replacements)
    {
        (_units, _replacements) = (units, replacements);
        for (int b = 0; b < 256; b++) _begins[b] = b > 0 && IsChild(Children(0) ^ (uint)b, (byte)b);
    }

    /// <summary>Reads the rules; null where the bytes are not such a map.</summary>
    public static CharacterMap? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8) return null;
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (size == 0 || size % 4 != 0 || size > bytes.Length - 4) return null;
        uint[] units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++) units[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 + 4 * i)..]);
        ReadOnlySpan<byte> replacements = bytes[(4 + (int)size)..];
        return System.Text.Unicode.Utf8.IsValid(replacements) ? new CharacterMap(units, replacements.ToArray()) : null;
    }

    /// <summary>Whether some rule begins with this byte.</summary>
    public bool Begins(byte value) => _begins[value];

    /// <summary>The rule for the longest prefix of a text, as SentencePiece looks it up.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="replacement">What takes the prefix's place.</param>
    /// <returns>The prefix's length in bytes; 0 without a rule.</returns>
    public int Longest(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement) => Find(text, longest: true, out replacement);

    /// <summary>
    /// Applies the rules as Hugging Face's <c>Precompiled</c> does: to each user-perceived character of less than six bytes as a whole, else
    /// to each of its code points; of several rules the shortest counts.
    /// </summary>
    public string ReplaceGraphemes(string text)
    {
        var result = new StringBuilder(text.Length);
        Span<byte> bytes = stackalloc byte[8];
        foreach (Range range in Graphemes(text))
        {
            ReadOnlySpan<char> grapheme = text.AsSpan()[range];
            if (grapheme.Length == 1 && grapheme[0] < 128 && !_begins[grapheme[0]])
            {
                result.Append(grapheme[0]);
                continue;
            }
            if (grapheme.Length <= 5 && Encoding.UTF8.GetByteCount(grapheme) is < 6 and int size)
            {
                Encoding.UTF8.GetBytes(grapheme, bytes);
                if (Find(bytes[..size], longest: false, out ReadOnlySpan<byte> whole) > 0)
                {
                    result.Append(Encoding.UTF8.GetString(whole));
                    continue;
                }
            }
            foreach (Rune rune in grapheme.EnumerateRunes())
            {
                int length = rune.EncodeToUtf8(bytes);
                if (Find(bytes[..length], longest: false, out ReadOnlySpan<byte> part) > 0) result.Append(Encoding.UTF8.GetString(part));
                else result.Append(rune.ToString());
            }
        }
        return result.ToString();
    }

    private static List<Range> Graphemes(string text)
    {
        var ranges = new List<Range>(text.Length);
        for (int at = 0; at < text.Length;)
        {
            // Between two characters below U+0300 there is always a border, unless they are a line break.
            int length = at + 1 < text.Length && text[at] is < '\u0300' and not '\r' && text[at + 1] < '\u0300' ? 1 : StringInfo.GetNextTextElementLength(text.AsSpan(at));
            ranges.Add(at..(at + length));
            at += length;
        }
        return ranges;
    }

    private int Find(ReadOnlySpan<byte> text, bool longest, out ReadOnlySpan<byte> replacement)
    {
        replacement = default;
        int found = 0;
        uint node = Children(0);
        for (int i = 0; i < text.Length && text[i] != 0 && (longest || found == 0); i++)
        {
            uint at = node ^ text[i];
            if (!IsChild(at, text[i])) break;
            node = Children(at);
            // Places and values come from the file: what leads outside is no rule.
            if ((_units[at] & 0x100) == 0 || node >= (uint)_units.Length) continue;
            uint start = _units[node] & 0x7FFFFFFF;
            if (start > _replacements.Length) continue;
            replacement = _replacements.AsSpan((int)start);
            if (replacement.IndexOf((byte)0) is >= 0 and int length) replacement = replacement[..length];
            found = i + 1;
        }
        return found;
    }

    private bool IsChild(uint at, byte label) => at < (uint)_units.Length && (_units[at] & 0x800000FF) == label;

    // The children of a unit stand at this place, each moved by its own byte.
    private uint Children(uint at) => at ^ ((_units[at] >> 10) << (int)((_units[at] & 0x200) >> 6));
}
