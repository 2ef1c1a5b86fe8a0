using System.Text;
using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

public class UnicodeNormalizerTests
{
    // From the figures and tables of Unicode Standard Annex 15, and cases of Hangul, reordering, blocking and composition exclusion.
    [Theory]
    [InlineData("\u00C5", "\u00C5", "A\u030A", "\u00C5", "A\u030A")]
    [InlineData("\u212B", "\u00C5", "A\u030A", "\u00C5", "A\u030A")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [InlineData("d\u0307\u0323", "\u1E0D\u0307", "d\u0323\u0307", "\u1E0D\u0307", "d\u0323\u0307")]
    [InlineData("\uFB01", "\uFB01", "\uFB01", "fi", "fi")]
    [InlineData("2\u2075", "2\u2075", "2\u2075", "25", "25")]
    [InlineData("\uAC01", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8")]
    [InlineData("\uAC00\u11A8", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")]
    [InlineData("a\u0315\u0301", "\u00E1\u0315", "a\u0301\u0315", "\u00E1\u0315", "a\u0301\u0315")]
    [InlineData("e\u0301\u0301", "\u00E9\u0301", "e\u0301\u0301", "\u00E9\u0301", "e\u0301\u0301")]
    [InlineData("\U0002F800", "\u4E3D", "\u4E3D", "\u4E3D", "\u4E3D")]
    [InlineData("\uFDFA", "\uFDFA", "\uFDFA", "صلى الله عليه وسلم", "صلى الله عليه وسلم")]
    public void KnownForms(string text, string c, string d, string kc, string kd)
    {
        Assert.Equal(c, UnicodeNormalizer.Normalize(text, NormalizationForm.FormC));
        Assert.Equal(d, UnicodeNormalizer.Normalize(text, NormalizationForm.FormD));
        Assert.Equal(kc, UnicodeNormalizer.Normalize(text, NormalizationForm.FormKC));
        Assert.Equal(kd, UnicodeNormalizer.Normalize(text, NormalizationForm.FormKD));
    }

    [Fact]
    public void ComposingAndDecomposingAreInverseForEveryCharacterThatComposes()
    {
        int composed = 0;
        for (int point = 0xC0; point < 0x30000; point++)
        {
            if (point is >= 0xD800 and < 0xE000) continue;
            string text = char.ConvertFromUtf32(point), c = UnicodeNormalizer.Normalize(text, NormalizationForm.FormC);
            string d = UnicodeNormalizer.Normalize(text, NormalizationForm.FormD);
            Assert.Equal(c, UnicodeNormalizer.Normalize(d, NormalizationForm.FormC));
            Assert.Equal(d, UnicodeNormalizer.Normalize(c, NormalizationForm.FormD));
            if (c == text && d != text) composed++;
        }
        // 11,172 Hangul syllables and the 941 primary composites of Unicode 15.1.
        Assert.Equal(11_172 + 941, composed);
    }
}
