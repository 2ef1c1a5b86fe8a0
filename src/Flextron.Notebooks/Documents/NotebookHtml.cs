using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Flextron.Notebooks.Display;
using Markdig;

namespace Flextron.Notebooks.Documents;

/// <summary>A notebook as one page that opens without a network: text, code, and outputs in their static form.</summary>
public static class NotebookHtml
{
    private static readonly MarkdownPipeline Markdown = new MarkdownPipelineBuilder().UsePipeTables().UseEmphasisExtras().UseAutoLinks().UseGenericAttributes().UseMathematics().Build();

    /// <summary>The page.</summary>
    /// <param name="document">The notebook.</param>
    /// <param name="title">Title of the page.</param>
    public static string Render(NotebookDocument document, string title)
    {
        ArgumentNullException.ThrowIfNull(document);
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{WebUtility.HtmlEncode(title)}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n<main>\n");
        foreach (NotebookCell cell in document.Cells)
        {
            if (cell.IsCode) Code(html, cell);
            else if (cell.Kind == "markdown") html.Append("<section class=\"text\">\n").Append(Text(cell.Source)).Append("</section>\n");
            else html.Append("<pre>").Append(WebUtility.HtmlEncode(cell.Source)).Append("</pre>\n");
        }
        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    // Markdig leaves mathematics as TeX in \( \) and \[ \].
    private static string Text(string markdown) => TexMath.ReplaceIn(Markdig.Markdown.ToHtml(markdown, Markdown));

    private static void Code(StringBuilder html, NotebookCell cell)
    {
        html.Append("<section class=\"code\">\n<pre class=\"source\">").Append(CodeColours.Html(cell.Source)).Append("</pre>\n");
        foreach (JsonObject output in cell.Outputs)
        {
            string kind = NotebookJson.Text(output["output_type"]);
            html.Append(kind switch
            {
                "stream" => $"<pre class=\"{(NotebookJson.Text(output["name"]) == "stderr" ? "stderr" : "stdout")}\">{WebUtility.HtmlEncode(NotebookJson.Text(output["text"]))}</pre>\n",
                "error" => $"<pre class=\"error\">{WebUtility.HtmlEncode(string.Join('\n', (output["traceback"] as JsonArray ?? []).Select(NotebookJson.Text)))}</pre>\n",
                _ => output["data"] is JsonObject data ? $"<div class=\"display\">{Display(data)}</div>\n" : "",
            });
        }
        html.Append("</section>\n");
    }

    private static string Display(JsonObject data)
    {
        if (data[MimeTypes.Svg] is { } svg) return $"<img alt=\"{WebUtility.HtmlEncode(NotebookJson.Text(data[MimeTypes.Text]))}\" src=\"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(NotebookJson.Text(svg)))}\">";
        foreach (string mimeType in (string[])["image/png", "image/jpeg"])
        {
            if (data[mimeType] is { } picture) return $"<img alt=\"\" src=\"data:{mimeType};base64,{WebUtility.HtmlEncode(NotebookJson.Text(picture).ReplaceLineEndings(""))}\">";
        }
        if (data[MimeTypes.Html] is { } html) return NotebookJson.Text(html);
        if (data["text/markdown"] is { } markdown) return Text(NotebookJson.Text(markdown));
        return $"<pre>{WebUtility.HtmlEncode(NotebookJson.Text(data[MimeTypes.Text]))}</pre>";
    }

    private const string Style = """
        body { margin: 0; background: #fff; color: #222; font: 16px/1.55 Helvetica, Arial, "Liberation Sans", sans-serif; }
        main { max-width: 900px; margin: 0 auto; padding: 24px 20px 80px; }
        h1, h2, h3 { line-height: 1.25; margin: 1.4em 0 0.5em; }
        pre { margin: 8px 0; padding: 10px 14px; overflow-x: auto; font: 13.5px/1.45 "DejaVu Sans Mono", Consolas, Menlo, monospace; }
        pre.source { background: #f5f7f9; border: 1px solid #e1e5ea; border-radius: 4px; }
        pre.stdout, .display pre { background: #fff; padding-left: 0; }
        pre.stderr { background: #fff8e6; }
        pre.error { background: #fdecea; color: #8b1a10; }
        .display { margin: 10px 0; overflow-x: auto; }
        .display img { max-width: 100%; }
        table { border-collapse: collapse; margin: 8px 0; font-size: 14.5px; }
        th, td { padding: 3px 12px; border-bottom: 1px solid #e1e5ea; text-align: left; }
        th { border-bottom: 2px solid #b9c2cc; }
        code { font: 0.9em "DejaVu Sans Mono", Consolas, Menlo, monospace; background: #f5f7f9; padding: 0 3px; }
        math[display="block"] { margin: 12px 0; font-size: 1.1em; }
        .k { color: #0b5394; } .s { color: #8a4b00; } .c { color: #5f7a5f; } .n { color: #7a1f7a; }
        """;
}
