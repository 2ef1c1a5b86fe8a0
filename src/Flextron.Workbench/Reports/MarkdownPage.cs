using Flextron.Storage;
using Markdig;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Flextron.Workbench.Reports;

/// <summary>
/// Makes one page that opens without a network of a report in Markdown and its pictures: what a report's page looks like where only the Markdown is at hand, as in a
/// fresh clone. HTML in the Markdown stays text, and pictures are shown in a way that runs no scripts.
/// </summary>
public static class MarkdownPage
{
    private const int LargestPicture = 16 << 20;
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().UsePipeTables().UseAutoIdentifiers().DisableHtml().Build();

    /// <summary>Writes the page beside the Markdown.</summary>
    /// <param name="markdown">The Markdown file.</param>
    /// <param name="page">The page's path.</param>
    /// <exception cref="FlextronException">The Markdown cannot be read or the page not written.</exception>
    public static void Write(string markdown, string page)
    {
        ArgumentNullException.ThrowIfNull(markdown);
        try
        {
            AtomicFile.WriteAllText(page, Render(File.ReadAllText(markdown), Path.GetDirectoryName(Path.GetFullPath(markdown))!));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"Cannot make {page} of {markdown}: {e.Message} Check that the one can be read and the other written.", e);
        }
    }

    /// <summary>The page as text.</summary>
    /// <param name="markdown">The Markdown.</param>
    /// <param name="folder">Where its pictures lie; those outside are left out.</param>
    public static string Render(string markdown, string folder)
    {
        MarkdownDocument document = Markdown.Parse(markdown, Pipeline);
        string title = document.Descendants<Markdig.Syntax.HeadingBlock>().FirstOrDefault()?.Inline?.Descendants<LiteralInline>().Aggregate("", (t, i) => t + i.Content) ?? "Report";
        foreach (LinkInline link in document.Descendants<LinkInline>().ToArray())
        {
            if (link.IsImage) link.Url = Embedded(folder, link.Url ?? "") ?? "";
            else if (!MarkdownText.IsSafe(link.Url ?? "")) link.Url = "";
            // Interactive figures are not kept with a report's Markdown.
            else if (link.Url!.EndsWith(".html", StringComparison.Ordinal) && !File.Exists(Path.Combine(folder, link.Url))) link.ReplaceBy(new LiteralInline("interactive: run again"));
            if (link.IsImage) link.GetAttributes().AddProperty("style", "max-width:100%;height:auto");
        }
        foreach (AutolinkInline link in document.Descendants<AutolinkInline>().Where(l => !MarkdownText.IsSafe(l.Url)).ToArray()) link.ReplaceBy(new LiteralInline(link.Url));
        return $"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{Figures.SvgCanvas.Escape(title)}</title>\n<style>\n{HtmlReport.Style}\ntable {{ display: block; overflow-x: auto; }}\n</style>\n</head>\n<body>\n<main>\n{document.ToHtml(Pipeline)}</main>\n</body>\n</html>\n";
    }

    private static string? Embedded(string folder, string url)
    {
        string full = Path.GetFullPath(Path.Combine(folder, url));
        if (!full.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal) || !File.Exists(full) || new FileInfo(full).Length > LargestPicture) return null;
        string? type = Path.GetExtension(full) switch { ".svg" => "image/svg+xml", ".png" => "image/png", _ => null };
        return type is null ? null : $"data:{type};base64,{Convert.ToBase64String(File.ReadAllBytes(full))}";
    }
}
