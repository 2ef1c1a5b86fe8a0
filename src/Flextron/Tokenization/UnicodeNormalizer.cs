using System.Text;

namespace Flextron.Tokenization;

internal static class UnicodeNormalizer
{
    public static string Normalize(string text, NormalizationForm form) => text.Normalize(form);
}
