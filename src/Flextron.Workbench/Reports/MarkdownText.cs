using System.Text;
using System.Text.RegularExpressions;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Reports;

/// <summary>Paragraph or list of a report's text.</summary>
/// <param name="Kind">"p", "ul" or "ol", as in HTML.</param>
/// <param name="Items">The paragraph, or the list's items.</param>
internal sealed record TextGroup(string Kind, IReadOnlyList<string> Items);

/// <summary>
/// The Markdown that reports understand: paragraphs, lists ("- " or "1. "), **bold**, *emphasis*, `code` and [links](address). Everything else,
/// HTML above all, is text.
/// </summary>
internal static partial class MarkdownText
{
    public static IReadOnlyList<TextGroup> Parse(string markdown)
    {
        var groups = new List<(string Kind, List<string> Items)>();
        bool fresh = true;
        foreach (string raw in markdown.ReplaceLineEndings("\n").Split('\n'))
        {
            string line = raw.Trim();
            if (line.Length == 0)
            {
                fresh = true;
                continue;
            }
            Match item = ListItem().Match(line);
            string kind = !item.Success ? "p" : item.Groups[1].ValueSpan is "-" or "*" ? "ul" : "ol";
            string text = item.Success ? item.Groups[2].Value : line;
            if (item.Success)
            {
                if (groups.Count == 0 || groups[^1].Kind != kind) groups.Add((kind, []));
                groups[^1].Items.Add(text);
            }
            else if (fresh || groups.Count == 0) groups.Add((kind, [text]));
            else groups[^1].Items[^1] += " " + text;
            fresh = false;
        }
        return [.. groups.Select(g => new TextGroup(g.Kind, g.Items))];
    }

    /// <summary>Bold, emphasis, code and links as HTML; all else escaped.</summary>
    public static string InlineHtml(string text)
    {
        var html = new StringBuilder();
        int at = 0;
        foreach (Match match in Inline().Matches(text))
        {
            html.Append(SvgCanvas.Escape(text[at..match.Index]));
            at = match.Index + match.Length;
            if (match.Groups["code"] is { Success: true } code) html.Append("<code>").Append(SvgCanvas.Escape(code.Value)).Append("</code>");
            else if (match.Groups["bold"] is { Success: true } bold) html.Append("<strong>").Append(InlineHtml(bold.Value)).Append("</strong>");
            else if (match.Groups["em"] is { Success: true } em) html.Append("<em>").Append(InlineHtml(em.Value)).Append("</em>");
            else if (IsSafe(match.Groups["url"].Value))
                html.Append("<a href=\"").Append(SvgCanvas.Escape(match.Groups["url"].Value)).Append("\">").Append(InlineHtml(match.Groups["link"].Value)).Append("</a>");
            else html.Append(SvgCanvas.Escape(match.Value));
        }
        return html.Append(SvgCanvas.Escape(text[at..])).ToString();
    }

    /// <summary>Text with marks as Markdown: HTML outside code is made text, unsafe links lose their address.</summary>
    public static string InlineMarkdown(string text)
    {
        var markdown = new StringBuilder();
        int at = 0;
        foreach (Match match in Inline().Matches(text))
        {
            markdown.Append(Neutral(text[at..match.Index]));
            at = match.Index + match.Length;
            if (match.Groups["code"].Success) markdown.Append(match.Value);
            else if (match.Groups["url"].Success && !IsSafe(match.Groups["url"].Value)) markdown.Append(Neutral(match.Groups["link"].Value));
            else markdown.Append(Neutral(match.Value));
        }
        return markdown.Append(Neutral(text[at..])).ToString();
    }

    /// <summary>Text without any marks as Markdown: what Markdown would read as a mark is escaped, and line breaks become spaces.</summary>
    public static string Literal(string text) => Marks().Replace(Neutral(text.ReplaceLineEndings(" ")), "\\$0");

    private static string Neutral(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    // Pages opened from a file must not run scripts from a link; relative addresses and anchors are fine.
    internal static bool IsSafe(string url) => SafeUrl().IsMatch(url);

    [GeneratedRegex(@"^(-|\*|\d{1,3}\.)\s+(.+)$")]
    private static partial Regex ListItem();

    [GeneratedRegex(@"`(?<code>[^`]+)`|\*\*(?<bold>[^*]+)\*\*|(?<![\w*])\*(?<em>[^*\s](?:[^*]*[^*\s])?)\*(?![\w*])|\[(?<link>[^\[\]]+)\]\((?<url>[^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")]
    private static partial Regex Inline();

    [GeneratedRegex(@"^(?:https?://|mailto:|#|\.{0,2}/|[\w\-.]+(?:[/?#]|$))", RegexOptions.IgnoreCase)]
    private static partial Regex SafeUrl();

    [GeneratedRegex(@"[\\`*_\[\]|#]")]
    private static partial Regex Marks();
}
