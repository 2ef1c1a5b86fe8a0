namespace Flextron.Tests.Tokenization;

/// <summary>Texts that tokenizers get wrong.</summary>
internal static class SampleTexts
{
    public static readonly string[] All =
    [
        "", " ", "  ", "\n", "\t\tx\r\n\r\ny", " a", "a ", "  leading and trailing  ", "many    inner     spaces", "Hello, world! It's 12345.",
        "don't I'LL we've", "Привет, мир!", "日本語のテキスト 漢字", "한국어 각", "مرحبا بالعالم", "हिन्दी भाषा", "ไทย", "עברית", "ελληνικά", "e\u0301 é Å ﬁ",
        "😀👍🏽👨‍👩‍👧 🇩🇪", "a𠀀b𝐀c 𐐀", "\0\u0001\u007f\u0085\u00a0\u200b\u2028x", "x_y __z__ a.b,c;d", "<s>not special</s>", "<0x41>", "if (a[0] != \"\\\\\") { }\n\n\n",
        new string('a', 300), string.Concat(Enumerable.Repeat("ab ", 100)),
    ];

    /// <summary>Random text over a small alphabet, so that merges are frequent.</summary>
    public static string Random(Random random, string alphabet, int length) =>
        string.Create(length, (random, alphabet), (span, s) =>
        {
            for (int i = 0; i < span.Length; i++) span[i] = s.alphabet[s.random.Next(s.alphabet.Length)];
        });
}
