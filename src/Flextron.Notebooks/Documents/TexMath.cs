using System.Net;
using System.Text.RegularExpressions;

namespace Flextron.Notebooks.Documents;

/// <summary>Finds mathematics in HTML that Markdig made, and sets it as MathML, which browsers draw without scripts.</summary>
internal static partial class TexMath
{
    /// <summary>Replaces every formula.</summary>
    public static string ReplaceIn(string html) => Formula().Replace(html, m =>
    {
        string tex = WebUtility.HtmlDecode(m.Groups["tex"].Value).Trim();
        return TexToMathml.Convert(tex, m.Groups["block"].Success);
    });

    [GeneratedRegex(@"<span class=""math"">\\\((?<tex>.*?)\\\)</span>|<div class=""math"">\s*(?<block>)\\\[(?<tex>.*?)\\\]\s*</div>", RegexOptions.Singleline)]
    private static partial Regex Formula();
}
