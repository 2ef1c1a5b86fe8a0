using System.Globalization;
using System.Text;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Reports;

/// <summary>Writes a report as one page that needs nothing else: style, pictures and, once, plotly.js are inside.</summary>
internal static class HtmlReport
{
    internal const string Style = """
        :root { --ink: #222; --muted: #5f5f5f; --line: #d9d9d9; --soft: #f6f7f8; --link: #0059a1; }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 50rem; color: var(--ink); background: #fff;
          font: 1.03rem/1.6 Charter, "Bitstream Charter", Cambria, Georgia, "Liberation Serif", serif; }
        h1, h2, h3, nav, table, figcaption, summary, .subtitle { font-family: Helvetica, Arial, "Liberation Sans", sans-serif; }
        h1 { font-size: 1.85rem; line-height: 1.25; margin: 0 0 .4rem; }
        h2 { font-size: 1.35rem; margin: 2.6rem 0 .7rem; padding-top: .9rem; border-top: 1px solid var(--line); }
        h3 { font-size: 1.08rem; margin: 1.9rem 0 .5rem; }
        .subtitle { color: var(--muted); margin: 0 0 1.6rem; font-size: .95rem; }
        a { color: var(--link); }
        nav { background: var(--soft); border-radius: 6px; padding: .8rem 1.2rem; font-size: .92rem; }
        nav strong { display: block; margin-bottom: .2rem; }
        nav ul { list-style: none; margin: 0; padding: 0; }
        nav ul ul { padding-left: 1.2rem; }
        nav a { text-decoration: none; }
        nav a:hover { text-decoration: underline; }
        code { font: .88em/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace; background: var(--soft); padding: .1em .3em; border-radius: 3px; }
        .table { overflow-x: auto; margin: 1.3rem 0; }
        table { border-collapse: collapse; font-size: .9rem; min-width: 50%; font-variant-numeric: tabular-nums; }
        caption { caption-side: top; text-align: left; padding-bottom: .5rem; font-weight: bold; }
        th, td { padding: .36rem .8rem; text-align: left; white-space: nowrap; }
        thead th { border-top: 1.5px solid var(--ink); border-bottom: 1px solid var(--ink); vertical-align: bottom; }
        tbody tr:last-child td { border-bottom: 1.5px solid var(--ink); }
        tbody tr:nth-child(even) { background: var(--soft); }
        .number { text-align: right; }
        figure { margin: 1.8rem 0; }
        .static svg { display: block; max-width: 100%; height: auto; }
        figcaption { font-size: .88rem; line-height: 1.45; color: var(--muted); margin-top: .5rem; }
        figcaption strong { color: var(--ink); }
        details { margin: .5rem 0 1.2rem; }
        summary { cursor: pointer; color: var(--link); font-size: .88rem; }
        figure:has(details.interactive[open]) > .static { display: none; }
        pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; overflow-x: auto;
          font: .82rem/1.45 "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        @page { size: A4; margin: 20mm 22mm; }
        @media print {
          body { padding: 0; max-width: none; font-size: 10.5pt; }
          nav, details.interactive, .files { display: none; }
          figure:has(details.interactive[open]) > .static { display: block; }
          figure, .table, tr { break-inside: avoid; }
          h2, h3 { break-after: avoid; }
          a { color: inherit; text-decoration: none; }
        }
        """;

    // Charts are drawn when first opened: a page with fifty figures opens as fast as its pictures.
    private const string Opener = """
        document.querySelectorAll("details.interactive").forEach(function (details) {
          function draw() {
            var chart = details.querySelector(".chart");
            if (!details.open || chart.dataset.drawn) return;
            chart.dataset.drawn = "yes";
            var figure = JSON.parse(details.querySelector("script").textContent);
            Plotly.newPlot(chart, figure.data, figure.layout, figure.config);
          }
          details.addEventListener("toggle", draw);
          draw();
        });
        """;

    public static string Render(ReportDocument report)
    {
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
            .Append(Escape(report.Title)).Append("</title>\n<style>\n").Append(Style).Append("\n</style>\n</head>\n<body>\n<header>\n<h1>").Append(Escape(report.Title)).Append("</h1>\n");
        if (!string.IsNullOrWhiteSpace(report.Subtitle)) page.Append("<p class=\"subtitle\">").Append(MarkdownText.InlineHtml(report.Subtitle)).Append("</p>\n");
        page.Append("</header>\n");
        Contents(page, [.. report.Blocks.OfType<HeadingBlock>()]);
        page.Append("<main>\n");
        foreach (ReportBlock block in report.Blocks) Block(page, block);
        page.Append("</main>\n");
        if (report.Blocks.Any(b => b is FigureBlock))
            page.Append("<script>\n").Append(PlotlyScript.Source).Append("\n</script>\n<script>\n").Append(Opener).Append("\n</script>\n");
        return page.Append("</body>\n</html>\n").ToString();
    }

    private static void Contents(StringBuilder page, HeadingBlock[] headings)
    {
        if (headings.Length < 2) return;
        page.Append("<nav aria-label=\"Contents\">\n<strong>Contents</strong>\n<ul>\n");
        for (int i = 0; i < headings.Length; i++)
        {
            bool inner = headings[i].Level == 2, first = inner && (i == 0 || headings[i - 1].Level == 1), last = inner && (i + 1 == headings.Length || headings[i + 1].Level == 1);
            if (first) page.Append("<li><ul>\n");
            page.Append("<li><a href=\"#").Append(headings[i].Id).Append("\">").Append(Escape(headings[i].Text)).Append("</a></li>\n");
            if (last) page.Append("</ul></li>\n");
        }
        page.Append("</ul>\n</nav>\n");
    }

    private static void Block(StringBuilder page, ReportBlock block)
    {
        switch (block)
        {
            case HeadingBlock heading:
                string tag = heading.Level == 1 ? "h2" : "h3";
                page.Append('<').Append(tag).Append(" id=\"").Append(heading.Id).Append("\">").Append(Escape(heading.Text)).Append("</").Append(tag).Append(">\n");
                break;
            case TextBlock text:
                foreach (TextGroup group in text.Groups) Group(page, group);
                break;
            case TableBlock table:
                Table(page, table.Table);
                break;
            case FigureBlock figure:
                Figure(page, figure);
                break;
            case ColouredTextBlock text:
                page.Append(CultureInfo.InvariantCulture, $"<figure id=\"figure-{text.Number}\">\n<div class=\"static\">\n").Append(text.Text.ToSvg()).Append("</div>\n");
                page.Append(CultureInfo.InvariantCulture, $"<figcaption><strong>Figure {text.Number}.</strong> ").Append(MarkdownText.InlineHtml(text.Caption));
                page.Append(CultureInfo.InvariantCulture, $" <span class=\"files\">(<a href=\"figures/{text.Name}.svg\">picture</a>, <a href=\"figures/{text.Name}.csv\">numbers</a>)</span></figcaption>\n</figure>\n");
                break;
            case DetailsBlock details:
                page.Append("<details><summary>").Append(Escape(details.Title)).Append("</summary>\n<pre>").Append(Lines(details.Text)).Append("</pre>\n</details>\n");
                break;
        }
    }

    private static void Group(StringBuilder page, TextGroup group)
    {
        if (group.Kind == "p")
        {
            page.Append("<p>").Append(MarkdownText.InlineHtml(group.Items[0])).Append("</p>\n");
            return;
        }
        page.Append('<').Append(group.Kind).Append(">\n");
        foreach (string item in group.Items) page.Append("<li>").Append(MarkdownText.InlineHtml(item)).Append("</li>\n");
        page.Append("</").Append(group.Kind).Append(">\n");
    }

    private static void Table(StringBuilder page, ReportTable table)
    {
        page.Append("<div class=\"table\"><table>\n");
        if (table.Caption is not null) page.Append("<caption>").Append(Escape(table.Caption)).Append("</caption>\n");
        page.Append("<thead><tr>");
        for (int c = 0; c < table.Columns.Count; c++)
            page.Append("<th scope=\"col\"").Append(Class(c)).Append('>').Append(Escape(ReportTable.Heading(table.Columns[c]))).Append("</th>");
        page.Append("</tr></thead>\n<tbody>\n");
        for (int r = 0; r < table.Rows.Count; r++)
        {
            page.Append("<tr>");
            for (int c = 0; c < table.Columns.Count; c++)
            {
                string cell = Escape(table.Rows[r][c]);
                page.Append("<td").Append(Class(c)).Append('>').Append(table.Bold[c].Contains(r) ? $"<strong>{cell}</strong>" : cell).Append("</td>");
            }
            page.Append("</tr>\n");
        }
        page.Append("</tbody>\n</table></div>\n");

        string Class(int column) => table.RightAligned[column] ? " class=\"number\"" : "";
    }

    private static void Figure(StringBuilder page, FigureBlock block)
    {
        Figure figure = block.Figure;
        page.Append(CultureInfo.InvariantCulture, $"<figure id=\"figure-{block.Number}\">\n<div class=\"static\">\n").Append(SvgRenderer.Render(figure, block.Options)).Append("</div>\n");
        page.Append(CultureInfo.InvariantCulture, $"<figcaption><strong>Figure {block.Number}.</strong> ").Append(MarkdownText.InlineHtml(figure.Caption ?? figure.Title));
        page.Append(CultureInfo.InvariantCulture, $" <span class=\"files\">(<a href=\"figures/{block.Name}.svg\">picture</a>, <a href=\"figures/{block.Name}.csv\">numbers</a>)</span></figcaption>\n");
        page.Append("<details class=\"interactive\"><summary>Interactive</summary>\n");
        page.Append(CultureInfo.InvariantCulture, $"<div class=\"chart\" style=\"height:{PlotlyRenderer.Height(figure)}px\"></div>\n");
        page.Append("<script type=\"application/json\">").Append(PlotlyRenderer.ToJson(figure)).Append("</script>\n</details>\n</figure>\n");
    }

    private static string Escape(string text) => SvgCanvas.Escape(text);

    /// <summary>Escaped text that keeps its line breaks.</summary>
    private static string Lines(string text) => string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(Escape));
}
