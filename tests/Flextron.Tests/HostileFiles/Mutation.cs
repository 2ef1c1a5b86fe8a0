using System.Text;

namespace Flextron.Tests.HostileFiles;

/// <summary>Seeded damage to files.</summary>
internal static class Mutation
{
    private static readonly string[] Tokens =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "false", "0", "-1", "1", "2", "4", "1e999", "-0", "1.5", "0.0",
        "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "4611686018427387904", "1e-400", "\"F16\"", "\"BF16\"", "\"F8_E4M3\"", "\"F64\"", "\"\\ud800\"",
        "\"llama\"", "\"__metadata__\"", "\"lm_head.weight\"", "\u0000", "é", "NaN", "[[[[", "//", "/*",
        "\"../../etc/passwd\"", "\"/etc/passwd\"", "\"..\"", "\"one.safetensors\"", "\"Unigram\"", "\"WordPiece\"", "\"ByteLevel\"", "\"Sequence\"", "\"(a+)+\"", "\"<0x00>\"", "\"\"",
    ];

    /// <summary>One to three changes of text or bytes.</summary>
    public static byte[] Of(byte[] original, Random random)
    {
        List<byte> bytes = [.. original];
        for (int n = random.Next(1, 4); n > 0 && bytes.Count > 0; n--)
        {
            int at = random.Next(bytes.Count), length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(8))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes.RemoveRange(at, length); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 4: bytes.InsertRange(at, Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)])); break;
                default: ReplaceValue(bytes, at, random); break;
            }
        }
        return [.. bytes];
    }

    /// <summary>Changes of bytes and lengths, without a mind for text, and truncation.</summary>
    public static byte[] OfBinary(byte[] original, Random random)
    {
        byte[] bytes = [.. original];
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            int at = random.Next(bytes.Length);
            bytes[at] = random.Next(4) switch { 0 => 0, 1 => 255, 2 => (byte)(bytes[at] ^ (1 << random.Next(8))), _ => (byte)random.Next(256) };
        }
        return random.Next(6) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    // A number, word or text from this place on becomes another one, which keeps the JSON well-formed more often than not.
    private static void ReplaceValue(List<byte> bytes, int at, Random random)
    {
        static bool InValue(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'.' or (byte)'_';
        while (at < bytes.Count && !InValue(bytes[at])) at++;
        int start = at;
        while (start > 0 && InValue(bytes[start - 1])) start--;
        while (at < bytes.Count && InValue(bytes[at])) at++;
        string old = Encoding.UTF8.GetString([.. bytes[start..at]]);
        string value = int.TryParse(old, out int number) && random.Next(2) == 0 ? (number + random.Next(-4, 5)).ToString() : Tokens[random.Next(Tokens.Length)];
        bytes.RemoveRange(start, at - start);
        bytes.InsertRange(start, Encoding.UTF8.GetBytes(value));
    }
}
